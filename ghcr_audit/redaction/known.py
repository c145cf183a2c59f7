"""Where the secrets that a run has touched stand in a text, in any of their forms, also broken over lines."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from ghcr_audit.redaction.gates import Gate, octets, quoted

_PROBE = 8
"""Characters of a form that are searched for first: most forms of a secret share them."""
_PART = 4
"""Fewer characters of a form at the end of a text are not taken for its beginning."""
_INDENT = 64
_BREAK = r"[\r\n\\](?:(?<=\n)|(?<=\r)\n|(?<=\\)n|(?<=\\)r\\n)"
_INDENTED = re.compile(rf"{_BREAK}[ \t]{{0,{_INDENT}}}+")
"""A line break as it stands in a text or, escaped, in JSON, with the next line's indent."""
_PLAIN = re.compile(_BREAK)
"""The same without: the next line may begin with a blank of the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`text[start:end]` is a form of the secret that `placeholder` stands for."""

    start: int
    end: int
    placeholder: str


class KnownValues:
    """Every form of every learned secret, ready to be searched for in one pass. Never changes."""

    def __init__(self, forms: Mapping[str, str]) -> None:
        """`forms`: each form, with the placeholder of its secret."""
        self._forms: dict[bytes, list[tuple[str, str]]] = {}
        for form, placeholder in forms.items():
            self._forms.setdefault(octets(form[:_PROBE]), []).append((form, placeholder))
        self._gate = Gate(quoted(probe.decode()) for probe in self._forms) if forms else None
        self._beginnings: dict[str, list[str]] = {}
        for form in forms:
            self._beginnings.setdefault(form[:_PART], []).append(form)
        self._longest = max(map(len, forms), default=0)
        self._breaks = (_INDENTED, _PLAIN) if any(" " in form for form in forms) else (_INDENTED,)

    def places(self, text: str) -> Iterator[Place]:
        """Every place, in no particular order; they may overlap."""
        if self._gate is not None:
            yield from self._whole(text, self._gate)
            for line_break in self._breaks:
                yield from self._broken(text, line_break, self._gate)

    def begins_at_end(self, text: str) -> int:
        """How many of the last characters may be the beginning of a form, however lines break in it."""
        tail = text[-2 * self._longest - _INDENT :] if self._longest else ""
        return max((self._begins(tail, line_break) for line_break in self._breaks), default=0)

    def _begins(self, tail: str, line_break: re.Pattern[str]) -> int:
        unbroken = line_break.sub("", tail)
        for start in range(len(unbroken) - _PART + 1):
            rest = unbroken[start:]
            if any(len(form) > len(rest) and form.startswith(rest) for form in self._beginnings.get(rest[:_PART], ())):
                return len(tail) - _origins(tail, line_break, [(start, start + 1)])[0][0]
        return 0

    def _whole(self, text: str, gate: Gate) -> Iterator[Place]:
        for start in gate.starts(text):
            for form, placeholder in self._rows(text, start):
                if text.startswith(form, start):
                    yield Place(start=start, end=start + len(form), placeholder=placeholder)

    def _rows(self, text: str, start: int) -> Iterator[tuple[str, str]]:
        """The forms whose probe stands here. A short form's probe is all of it, and may begin another's."""
        seen = octets(text[start : start + _PROBE])
        for length in range(1, len(seen) + 1):
            yield from self._forms.get(seen[:length], ())

    def _broken(self, text: str, line_break: re.Pattern[str], gate: Gate) -> Iterator[Place]:
        """Forms with line breaks inside: looked for in the text without any, then placed in the text."""
        unbroken = line_break.sub("", text)
        if len(unbroken) == len(text):
            return
        found = tuple(self._whole(unbroken, gate))
        spans = _origins(text, line_break, [(place.start, place.end) for place in found]) if found else []
        for place, (start, end) in zip(found, spans, strict=True):
            if end - start > place.end - place.start:
                yield Place(start=start, end=end, placeholder=place.placeholder)


def _origins(text: str, line_break: re.Pattern[str], spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where in the text the spans stand that were found in it without its line breaks."""
    edges = [0, *(edge for match in line_break.finditer(text) for edge in match.span()), len(text)]
    begins = [0, *accumulate(edges[at + 1] - edges[at] for at in range(0, len(edges), 2))][:-1]

    def origin(position: int) -> int:
        piece = bisect_right(begins, position) - 1
        return edges[2 * piece] + position - begins[piece]

    return [(origin(start), origin(end - 1) + 1) for start, end in spans]
