"""A Markdown text as blocks that know their lines, their section and what holds them.

CommonMark with tables and HTML, read by markdown-it-py's block rules alone: its inline rules keep no positions
and need more than linear time on some texts. YAML front matter is recognised here, and hidden from the parser.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ghcr_audit.lint.model import MAX_TITLE_CHARS, Container
from ghcr_audit.text.terminal import bounded, one_line

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?:(?!(?:---|\.\.\.)[ \t]*$)[^\n]*\n)*+(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.M)
_REFERENCE = re.compile(r"[ \t>]*+\[[^\]\n]{1,1000}\]:")
_CLOSING = {"`": re.compile(r"[ \t>]*+(`{3,})[ \t]*+\Z"), "~": re.compile(r"[ \t>]*+(~{3,})[ \t]*+\Z")}
_MARKUP = re.compile(r"[*`~]++|</?[A-Za-z][^<>\n]{0,200}>|\A_+|_+\Z")
_STRUCTURE = re.compile(r"[|>\n]|[-+*][ \t]|[0-9][.)][ \t]")
MAX_MARKS = 150_000
"""Lines, list and quotation marks and table bars of a text that is parsed; one with more of them is one block."""
_CELLS = frozenset({"th_open", "td_open"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A section: `path` are the titles above it and its own. `line` counts from 0."""

    title: str
    path: str
    level: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A leaf of the document: lines `start` to `end` (from 0, end excluded)."""

    container: Container
    start: int
    end: int
    text: str
    section: int
    """Index of its heading in the document; -1 before the first."""
    info: str = ""
    unclosed: bool = False
    item: bool = False
    """The first block of a list item."""
    column: int = -1
    """Of a table cell."""
    table: int = -1
    """Tables are counted through the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The text with line feeds only, its blocks in order, its headings."""

    text: str = field(repr=False)
    line_starts: Sequence[int] = field(repr=False)
    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]
    block_starts: tuple[int, ...] = field(repr=False)
    flat: bool
    """It was too large to be parsed: one paragraph without sections."""

    def line_of(self, offset: int) -> int:
        """The line, from 0, in which this character stands."""
        return bisect_right(self.line_starts, offset) - 1

    def line_text(self, line: int) -> str:
        """One line without its line feed."""
        end = self.line_starts[line + 1] - 1 if line + 1 < len(self.line_starts) else len(self.text)
        return self.text[self.line_starts[line] : end]

    def path_of(self, section: int) -> str:
        """The heading path of a section; empty for what stands before the first heading."""
        return self.headings[section].path if section >= 0 else ""

    def section_at(self, line: int) -> int:
        """The section of any line, also of one that belongs to no block."""
        return bisect_right(self.headings, line, key=lambda heading: heading.line) - 1

    def blocks_at(self, line: int) -> tuple[Block, ...]:
        """The blocks of a line: none, one, or the cells of a table row."""
        last = bisect_right(self.block_starts, line)
        first = last
        while first > 0 and self.block_starts[first - 1] == self.block_starts[last - 1]:
            first -= 1
        return tuple(block for block in self.blocks[first:last] if line < block.end)


def read_document(text: str) -> Document:
    r"""Parse any text; there is no malformed Markdown. `\r\n` and `\r` become `\n`, as the parser has it."""
    normal = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    line_starts = array("L", (0, *(match.end() for match in re.finditer("\n", normal))))
    flat = sum(1 for _ in islice(_STRUCTURE.finditer(normal), MAX_MARKS)) == MAX_MARKS
    walk = _flat(normal, len(line_starts)) if flat else _parsed(normal)
    ordered = tuple(sorted(walk.blocks, key=lambda block: block.start))
    return Document(
        text=normal,
        line_starts=line_starts,
        blocks=ordered,
        headings=tuple(walk.headings),
        block_starts=tuple(block.start for block in ordered),
        flat=flat,
    )


def without_markup(text: str) -> str:
    """One line of text without emphasis, code marks and tags, at most as long as a title."""
    return bounded(one_line(_MARKUP.sub("", text[: 4 * MAX_TITLE_CHARS])), MAX_TITLE_CHARS)[0]


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable("table").disable("inline")


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Collects blocks while going over the parser's tokens."""

    lines: Sequence[str]
    blocks: list[Block] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    above: list[Heading] = field(default_factory=list)
    level: int = 0
    item: bool = False
    cell: bool = False
    row: tuple[int, int] = (0, 1)
    column: int = -1
    table: int = -1
    titled: bool = False
    """The only first-level heading is the document's title: it is no part of the paths below it."""

    def over(self, tokens: Sequence[Token]) -> None:
        """Take all tokens, in order."""
        self.titled = sum(1 for token in tokens if token.type == "heading_open" and token.tag == "h1") == 1
        for token in tokens:
            self._structure(token)
            self._leaf(token)

    def add(
        self, container: Container, start: int, end: int, text: str, *, info: str = "", unclosed: bool = False
    ) -> None:
        """A block, in the section that is open."""
        in_table = container is Container.TABLE_CELL
        self.blocks.append(
            Block(
                container=container,
                start=start,
                end=end,
                text=text,
                section=len(self.headings) - 1,
                info=info,
                unclosed=unclosed,
                item=self.item,
                column=self.column if in_table else -1,
                table=self.table if in_table else -1,
            )
        )
        self.item = False

    def _structure(self, token: Token) -> None:
        """What the next leaf is part of."""
        if token.type == "heading_open":
            self.level = int(token.tag[1])
        elif token.type == "list_item_open":
            self.item = True
        elif token.type == "list_item_close":
            self.item = False
        elif token.type == "table_open":
            self.table += 1
        elif token.type == "tr_open":
            self.row, self.column = _lines_of(token), -1
        elif token.type in _CELLS:
            self.cell, self.column = True, self.column + 1

    def _leaf(self, token: Token) -> None:
        if token.type == "inline":
            self._inline(token)
        elif token.type == "fence":
            start, end = _lines_of(token)
            unclosed = not self._closed(token, end)
            self.add(Container.FENCE, start, end, token.content, info=token.info.strip(), unclosed=unclosed)
        elif token.type == "code_block":
            self.add(Container.INDENTED_CODE, *_lines_of(token), token.content)
        elif token.type == "html_block":
            comment = token.content.lstrip().startswith("<!--")
            container = Container.HTML_COMMENT if comment else Container.HTML_BLOCK
            self.add(container, *_lines_of(token), token.content)

    def _inline(self, token: Token) -> None:
        if self.cell:
            self.cell = False
            self.add(Container.TABLE_CELL, *self.row, token.content)
        elif self.level:
            start, end = _lines_of(token)
            self._heading(token.content, start)
            self.level = 0
            self.add(Container.HEADING, start, end, token.content)
        else:
            self.add(Container.PARAGRAPH, *_lines_of(token), token.content)

    def _heading(self, text: str, line: int) -> None:
        title = without_markup(text)
        self.above = [heading for heading in self.above if heading.level < self.level]
        parents = [heading.title for heading in self.above if heading.level > 1 or not self.titled]
        path = bounded(" > ".join((*parents, title)), MAX_TITLE_CHARS)[0]
        heading = Heading(title=title, path=path, level=self.level, line=line)
        self.above.append(heading)
        self.headings.append(heading)

    def _closed(self, token: Token, end: int) -> bool:
        """Whether a fence's last line closes it; its first line never does."""
        start = _lines_of(token)[0]
        mark = _CLOSING[token.markup[0]].match(self.lines[end - 1]) if end - 1 > start else None
        return mark is not None and len(mark[1]) >= len(token.markup)


def _flat(text: str, lines: int) -> _Walk:
    walk = _Walk(lines=())
    walk.add(Container.PARAGRAPH, 0, lines, text)
    return walk


def _parsed(text: str) -> _Walk:
    front = _FRONT_MATTER.match(text)
    skipped = front.group().count("\n") if front else 0
    body = "\n" * skipped + text[front.end() :] if front else text
    walk = _Walk(lines=tuple(body.split("\n")))
    if front:
        walk.add(Container.FRONT_MATTER, 0, max(skipped, 1), front.group())
    walk.over(_parser().parse(body, {}))
    walk.blocks += _references(walk)
    return walk


def _lines_of(token: Token) -> tuple[int, int]:
    return (token.map[0], token.map[1]) if token.map else (0, 1)


def _references(walk: _Walk) -> list[Block]:
    """Lines that the parser took as definitions of links: they belong to no block."""
    taken = {line for block in walk.blocks for line in range(block.start, block.end)}
    return [
        Block(
            container=Container.REFERENCE,
            start=number,
            end=number + 1,
            text=line.strip(),
            section=bisect_right(walk.headings, number, key=lambda heading: heading.line) - 1,
        )
        for number, line in enumerate(walk.lines)
        if number not in taken and _REFERENCE.match(line)
    ]
