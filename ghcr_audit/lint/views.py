"""The same text as others see it: without what rendering hides, or with its lines joined; positions lead back.

A secret may stand in a text so that no search of its source finds it: with an entity or a backslash in it,
broken by markup, an invisible character or a line break. A view undoes that and knows, for each of its
characters, where in the source it came from.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

CHUNK_CHARS = 262_144
"""Views are made piece by piece, so that their memory stays small; pieces end at a blank line where there is one."""
_OVERLAP_CHARS = 16_384
_INVISIBLE = "\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_INVISIBLES = frozenset(chr(code) for code in range(0x2070) if re.match(f"[{_INVISIBLE}]", chr(code))) | {"\ufeff"}
_HIDDEN = (
    r"(?P<entity>&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|%(?P<hex>[2-7][0-9A-Fa-f])"
    r"|<!--[^-\n]{0,200}-->"
    r"|</?[A-Za-z][^<>\n:]{0,200}>"
    rf"|[*`~{_INVISIBLE}]++"
)
_HIDING = re.compile(_HIDDEN)
_BREAK = r"(?:(?<![ \t])[ \t]{1,80})?\\?\n(?![ \t>]*+(?:\n|\Z))[ \t>]*+(?:[*+-][ \t]++)?"
_JOINING = re.compile(rf"{_HIDDEN}|{_BREAK}")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A text and where it comes from: from `starts[n]` on, its characters are those from `sources[n]` on."""

    text: str = field(repr=False)
    starts: list[int] = field(repr=False)
    sources: list[int] = field(repr=False)
    joins: list[int] = field(repr=False)
    """Positions in the view at which a line break or a tag was taken out."""

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the source; what was taken out inside it is part of it."""
        return self._source(start), self._source(end - 1) + 1

    def spans_join(self, start: int, end: int) -> bool:
        """Whether a line break was taken out between these characters."""
        found = bisect_right(self.joins, start)
        return found < len(self.joins) and self.joins[found] < end

    def line_starts_in(self, start: int, end: int, limit: int) -> list[int]:
        """Positions after a taken-out line break inside `text[start:end]`, at most `limit`."""
        found = bisect_right(self.joins, start)
        return [join for join in self.joins[found : found + limit] if join < end]

    def _source(self, position: int) -> int:
        index = bisect_right(self.starts, position) - 1
        return self.sources[index] + position - self.starts[index]


def shown_views(text: str) -> Iterator[View]:
    """As a reader sees it: entities, escapes and percent signs resolved, markup and comments gone."""
    yield from (_view(text, chunk, _HIDING) for chunk in chunks(text))


def joined_views(text: str) -> Iterator[View]:
    """The same with the lines of a paragraph, a quotation or a fence joined."""
    yield from (_view(text, chunk, _JOINING) for chunk in chunks(text))


def chunks(text: str) -> Iterator[tuple[int, int]]:
    """The text in pieces of about `CHUNK_CHARS`: cut before a blank line, else at a line's end.

    A line too long for that is cut anywhere; pieces then overlap, so that no credential is cut in two.
    """
    start = 0
    while start < len(text):
        cut = text.find("\n\n", start + CHUNK_CHARS, start + 2 * CHUNK_CHARS)
        if cut < 0:
            cut = text.find("\n", start + 2 * CHUNK_CHARS, start + 3 * CHUNK_CHARS)
        if cut < 0 and len(text) - start > 3 * CHUNK_CHARS:
            yield start, start + 3 * CHUNK_CHARS
            start += 3 * CHUNK_CHARS - _OVERLAP_CHARS
            continue
        end = len(text) if cut < 0 else cut + 1
        yield start, end
        start = end


def _view(text: str, chunk: tuple[int, int], hidden: re.Pattern[str]) -> View:
    pieces: list[str] = []
    starts, sources, joins = [0], [chunk[0]], []
    position, length = chunk[0], 0
    for match in hidden.finditer(text, *chunk):
        shown = _shown(match)
        kept = text[position : match.start()]
        if shown:
            starts += (length + len(kept), length + len(kept) + len(shown))
            sources += (match.start(), match.end())
        else:
            starts.append(length + len(kept))
            sources.append(match.end())
        if match.group()[-1] in "\n>" or "\n" in match.group():
            joins.append(length + len(kept))
        pieces += (kept, shown)
        length += len(kept) + len(shown)
        position = match.end()
    pieces.append(text[position : chunk[1]])
    return View(text="".join(pieces), starts=starts, sources=sources, joins=joins)


def _shown(match: re.Match[str]) -> str:
    """What a reader sees in its place: one character, or nothing."""
    if match["entity"]:
        shown = html.unescape(match["entity"])
        return "" if shown in _INVISIBLES else shown if len(shown) == 1 else " "
    if match["hex"]:
        return chr(int(match["hex"], 16))
    return match["escaped"] or ""
