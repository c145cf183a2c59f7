"""The canonical Markdown as HTML: tables with scopes and captions, outputs that a keyboard can scroll.

What the report holds of others is text already (`text.markdown`). Here nothing could become more than text either: the
parser knows no HTML, no links, no images; the renderer escapes whatever it shows.
"""

from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from ghcr_audit.language import phrase
from ghcr_audit.pictures.svg import KINDS
from ghcr_audit.text.xml import allowed, escaped, fitting

_UNKNOWN_TO_US = ["link", "image", "autolink", "html_inline", "html_block", "reference"]
"""Rules of CommonMark that no report needs."""
_LINE_CHARS = 110
"""What about fits on a line of a wide window."""
_LONG_LINES = 28
"""An output of more lines than that scrolls in a frame of its own."""
_NAME_COLUMNS = 110
_NAME_WORDS = 3
"""A link's name has two words at most; its sign follows."""


class _Renderer(RendererHTML):
    """Shows the tokens that `tokens_of` dressed; `meta["name"]` is what a table or a long output is called."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        """A command or an output."""
        shown = f"<pre><code>{escaped(tokens[idx].content)}</code></pre>\n"
        if not is_long(tokens[idx].content):
            return shown
        return f'<div class="long" role="region" tabindex="0" aria-label="{_name(tokens[idx])}">{shown}</div>\n'

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        """A table in a frame that scrolls sideways where it must."""
        name = _name(tokens[idx])
        frame = f'<div class="wide" role="region" tabindex="0" aria-label="{name}">'
        return f'{frame}<table class="{_breadth(tokens[idx + 1 :])}"><caption>{name}</caption>\n'

    def table_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        """Its end."""
        return "</table></div>\n"


def _breadth(after: Sequence[Token]) -> str:
    """Whether a table has a name and a value in each row, or many columns."""
    kinds = [token.type for token in after]
    return "few" if kinds[: kinds.index("thead_close")].count("th_open") <= 2 else "many"  # noqa: PLR2004 - a pair


@cache
def _parser() -> MarkdownIt:
    settings = {"html": False, "linkify": False, "typographer": False}
    return MarkdownIt("commonmark", settings, renderer_cls=_Renderer).enable("table").disable(_UNKNOWN_TO_US)


def tokens_of(markdown: str) -> list[Token]:
    """The text's tokens, dressed: headings have ids, cells scopes and states, tables and outputs names."""
    tokens = _parser().parse(allowed(markdown))
    _name_headings(tokens)
    _name_regions(tokens)
    _dress_tables(tokens)
    return tokens


def html_of(tokens: Sequence[Token]) -> str:
    """Tokens as HTML."""
    parser = _parser()
    rendered: str = parser.renderer.render(tokens, parser.options, {})
    return rendered


def words_of(token: Token) -> str:
    """The words that an inline token shows."""
    return "".join(child.content for child in token.children or ())


def is_long(output: str) -> bool:
    """Whether an output takes more than a good part of a screen."""
    return sum(1 + len(line) // _LINE_CHARS for line in output.split("\n")) > _LONG_LINES


def _name_headings(tokens: list[Token]) -> None:
    """Ids by number - nothing foreign in them - and the state of the link that a heading is about."""
    for number, at in enumerate(at for at, token in enumerate(tokens) if token.type == "heading_open"):
        heading, (sign, _) = tokens[at], state_first(words_of(tokens[at + 1]))
        heading.attrSet("id", f"part-{number}")
        if heading.tag == "h3" and sign:
            heading.attrSet("class", KINDS[sign])


def state_first(words: str) -> tuple[str, str]:
    """The sign behind the name that a heading begins with, and the heading up to it; '' and all of it without one."""
    parts = words.split(" ")[:_NAME_WORDS]
    at = next((at for at, part in enumerate(parts) if at and part in KINDS), None)
    return (parts[at], " ".join(parts[: at + 1])) if at is not None else ("", words)


def _name_regions(tokens: list[Token]) -> None:
    """Names by number, heading and the line before: unique, and telling."""
    heading = before = ""
    number = 0
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            heading, before = words_of(tokens[at + 1]), ""
        elif token.type == "paragraph_open":
            before = words_of(tokens[at + 1]).rstrip(":")
        elif token.type in ("table_open", "fence"):
            number += 1
            said = ": ".join(part for part in (heading, before if token.type == "fence" else "") if part)
            table, text = phrase("Table {number}", number=number), phrase("Text {number}", number=number)
            token.meta["name"] = f"{table if token.type == 'table_open' else text}, {said}"


def _name(token: Token) -> str:
    return escaped(fitting(str(token.meta.get("name", "")), _NAME_COLUMNS))


def _dress_tables(tokens: list[Token]) -> None:
    """The first cell of each row names the row, the header's cells name columns; a state's cell bears its class."""
    column, header = 0, [""]
    for at, token in enumerate(tokens):
        if token.type == "thead_open":
            header = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            header.append(words_of(tokens[at + 1]))
            _head_cell(token, tokens[at + 2], named=bool(header[-1]))
        elif token.type == "td_open":
            _cell(token, tokens[at + 1], tokens[at + 2], name=header[column] if column else None)
            column += 1


def _head_cell(opened: Token, closed: Token, *, named: bool) -> None:
    if named:
        opened.attrSet("scope", "col")
    else:
        opened.tag = closed.tag = "td"


def _cell(opened: Token, inner: Token, closed: Token, *, name: str | None) -> None:
    """`name` is its column's; None: it is the row's first."""
    if name is None:
        opened.tag = closed.tag = "th"
        opened.attrSet("scope", "row")
        return
    opened.attrSet("data-column", name)
    if name in (phrase("Verdict"), phrase("Outcome")) and words_of(inner)[:1] in KINDS:
        opened.attrSet("class", KINDS[words_of(inner)[0]])
