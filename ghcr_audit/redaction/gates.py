"""One quick pass that finds where in a text a secret may stand at all, so that precise patterns run only there.

RE2 walks a text once, whatever it is looking for, and cannot backtrack. It sees one byte for each character
(others than ASCII become `?`), so that its positions are positions in the text. A gate may open too often - that
costs time - but never too rarely.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import re2  # type: ignore[import-untyped]

_MAX_MEMORY_BYTES = 64 * 1024 * 1024
_AHEAD = re.compile(r"(?:[\s:=|>\[\"'\\+-]|(?i:basic|bearer|token)(?=\s)){0,200}+")
"""What may stand between a name and its value, line breaks too: the line to look at is the one of the value."""
_FAR = 4096
"""Characters behind the opening of a gate that are looked at first; in a longer line, only if they do not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of a text to look at: `text[start:end]`."""

    start: int
    end: int

    def to_line_end(self, text: str) -> "Window":
        """The same with all of the line that it ends in."""
        return Window(start=self.start, end=text.find("\n", self.end) + 1 or len(text))


class Gate:
    """Finds the beginnings of what matches one of many expressions (RE2 syntax, bytes, ASCII only)."""

    def __init__(self, expressions: Iterable[str]) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = _MAX_MEMORY_BYTES
        options.never_capture = True
        options.log_errors = False  # an error's text would show the expression, which may hold a secret
        self._pattern = re2.compile("|".join(expressions).encode(), options)

    def opens(self, seen: bytes) -> bool:
        """Whether it opens anywhere in a text, given as its octets."""
        return self._pattern.search(seen) is not None

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it opens, start and end, in order, without overlaps."""
        for match in self._pattern.finditer(octets(text)):
            yield match.span()

    def starts(self, text: str) -> Iterator[int]:
        """Every place where it opens, also those that overlap."""
        seen, position = octets(text), 0
        while (match := self._pattern.search(seen, position)) is not None:
            yield match.start()
            position = match.start() + 1

    def windows(self, text: str) -> Iterator[Window]:
        """Whole lines around each opening, those that overlap as one; in long lines less than that."""
        current: Window | None = None
        for opened, closed in self.places(text):
            found = _around(text, opened, closed)
            if current is not None and found.start <= current.end:
                current = Window(start=current.start, end=max(current.end, found.end))
                continue
            if current is not None:
                yield current
            current = found
        if current is not None:
            yield current


def octets(text: str) -> bytes:
    """One byte for each character, `?` for those that ASCII does not have."""
    return text.encode("ascii", "replace")


def quoted(literal: str) -> str:
    """An expression for just this text."""
    return "".join(f"\\x{octet:02x}" for octet in octets(literal))


def _around(text: str, opened: int, closed: int) -> Window:
    """Never searched further than `_FAR`: thousands of openings may stand in one line."""
    first, last = max(0, opened - _FAR), min(len(text), closed + _FAR)
    ahead = _AHEAD.match(text, closed, last)
    end = text.find("\n", ahead.end() if ahead else closed, last) + 1 or last
    return Window(start=text.rfind("\n", first, opened) + 1 or first, end=end)
