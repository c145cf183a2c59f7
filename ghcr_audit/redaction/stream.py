"""Redaction of a stream: bounded memory, every byte that is no secret comes out as it went in.

Lines leave as soon as they are complete, but for what may be the beginning of a secret: a private key whose end is
still to come, or the first part of a known value that a line break cuts. What has left stays in sight for a
while, so that a value on the line after its name is found.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Protocol

from ghcr_audit.redaction.redactor import Hit, Redactor, current_redactor
from ghcr_audit.redaction.shapes import LONGEST_KEY, PRIVATE_KEY

WINDOW = 1024 * 1024
"""Characters that are held back at most, until a line ends."""
_OVERLAP = 65_536
"""Characters that are held back of a line longer than the window, and that stay in sight of what has left."""
_LINES_IN_SIGHT = 3
_READ_BYTES = 262_144
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")


class StreamRedactor:
    """Takes a stream in pieces of any size and gives back the redacted stream, in pieces.

    The same as redacting all of it at once, with three exceptions. In a line longer than `WINDOW` a secret is found
    if it is shorter than 64 KiB; of a longer one, the rest of its line is withheld. Of a private key without an end
    the first 32 KiB are taken for the key. Of a known value that a line break cuts behind fewer than four
    characters, those have left already.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or current_redactor()
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._sight = ""
        self._held = ""
        self._withholding = False
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many secrets of each kind were replaced so far."""
        return self._counts

    def feed(self, piece: bytes) -> bytes:
        """What may leave after this piece; b"" while that is nothing."""
        return self._taken(self._decoder.decode(piece), last=False)

    def close(self) -> bytes:
        """All that was still held back."""
        return self._taken(self._decoder.decode(b"", final=True), last=True)

    def _taken(self, text: str, *, last: bool) -> bytes:
        text = self._after_withheld(text)
        self._held += text
        if not last and len(self._held) <= WINDOW and "\n" not in text:
            return b""  # most pieces of a long line: nothing is looked through twice
        pieces = "".join(self._leaving(last=last))
        return pieces.encode("utf-8", "surrogateescape")

    def _after_withheld(self, text: str) -> str:
        """Without the rest of a line whose beginning was a secret longer than the window."""
        if not self._withholding:
            return text
        _, newline, rest = text.partition("\n")
        self._withholding = not newline
        return newline + rest

    def _leaving(self, *, last: bool) -> Iterator[str]:
        cut, reach = (len(self._held), len(self._held)) if last else self._cut()
        if not cut:
            return
        seen, text = len(self._sight), self._sight + self._held[:reach]
        hits = [hit for hit in self._redactor.find(text) if seen < hit.end and hit.start < seen + cut]
        if hits and hits[-1].end > seen + cut:
            hits, cut = self._around_last(hits, seen, reach)
        yield from self._replaced(text[: seen + cut], seen, hits)
        self._held = self._held[cut:]
        self._sight = _last_lines(text[: seen + cut])

    def _around_last(self, hits: list[Hit], seen: int, reach: int) -> tuple[list[Hit], int]:
        """Where to cut a long line in the middle of a secret: before it, or behind it if it is all that is held."""
        start, end = hits[-1].start - seen, hits[-1].end - seen
        if start > 0:
            return hits[:-1], start
        self._withholding = end == reach
        return hits, end

    def _replaced(self, text: str, position: int, hits: list[Hit]) -> Iterator[str]:
        for hit in hits:
            yield text[position : max(position, hit.start)]
            yield hit.placeholder
            self._counts[hit.kind] += 1
            position = hit.end
        yield text[position:]

    def _cut(self) -> tuple[int, int]:
        """How many of the held characters may leave, and how many to look at for that."""
        held = self._held
        whole = held.rfind("\n") + 1
        if len(held) - whole > WINDOW:
            return len(held) - _OVERLAP, len(held)
        if len(held) <= WINDOW:
            free = min(whole - self._redactor.begins_at_end(held[:whole]), _open_key(held[:whole]))
            whole = whole if free == whole else held.rfind("\n", 0, free) + 1
        return whole, whole


class Reader(Protocol):
    """Where a stream comes from."""

    def read(self, size: int, /) -> bytes:
        """What there is at the moment, at least one byte and at most `size`; b"" at the end."""


def redact_stream(reader: Reader, writer: BinaryIO, redactor: Redactor | None = None) -> Mapping[str, int]:
    """Copy the reader to the writer, redacted; what was replaced, by kind. Written and flushed piece by piece.

    OSErrors of both pass.
    """
    stream = StreamRedactor(redactor)
    while piece := reader.read(_READ_BYTES):
        _write(writer, stream.feed(piece))
    _write(writer, stream.close())
    return stream.counts


def _write(writer: BinaryIO, piece: bytes) -> None:
    if piece:
        writer.write(piece)
        writer.flush()


def _open_key(text: str) -> int:
    """Where a private key begins whose end is still to come; the text's length if there is none."""
    begins = [match.start() for match in _KEY_BEGINS.finditer(text, max(0, len(text) - 2 * LONGEST_KEY))]
    if not begins or len(text) - begins[-1] > LONGEST_KEY:
        return len(text)
    found = PRIVATE_KEY.pattern.match(text, begins[-1])
    closed = found is not None and found.group().rstrip().endswith("-----") and "-----END" in found.group()
    return len(text) if closed else begins[-1]


def _last_lines(text: str) -> str:
    """What stays in sight: the last lines, or as much of a long one as may matter."""
    start = len(text)
    for _ in range(_LINES_IN_SIGHT + 1):
        start = text.rfind("\n", 0, max(start, 0))
    return text[max(start + 1, len(text) - _OVERLAP, 0) :]
