"""Yes, no, perhaps: how sure a reading of the workflows is, and texts of which a part is not known."""

from collections.abc import Iterable
from enum import IntEnum

ANY = "\0"
"""Stands in a resolved text for a part that only a run can tell. YAML cannot hold it."""
MAX_TEXT = 4000


class Answer(IntEnum):
    """Ordered: of several ways the best counts (`max`), of several conditions the worst (`min`)."""

    NO = 0
    PERHAPS = 1
    YES = 2


def best(answers: Iterable[Answer]) -> Answer:
    """The best of several ways; NO when there is none."""
    return max(answers, default=Answer.NO)


def worst(answers: Iterable[Answer]) -> Answer:
    """The worst of several conditions; YES when there is none."""
    return min(answers, default=Answer.YES)


def answer(value: bool) -> Answer:
    """YES or NO."""
    return Answer.YES if value else Answer.NO


def equals(resolved: str, wanted: str) -> Answer:
    """Whether a resolved text is this one. Linear: the known pieces must follow each other in it."""
    if ANY not in resolved:
        return answer(resolved == wanted)
    first, *middle, last = resolved.split(ANY)
    if len(wanted) < len(first) + len(last) or not (wanted.startswith(first) and wanted.endswith(last)):
        return Answer.NO
    position, end = len(first), len(wanted) - len(last)
    for piece in middle:
        found = wanted.find(piece, position, end)
        if found < 0:
            return Answer.NO
        position = found + len(piece)
    return Answer.PERHAPS


def shown(resolved: str) -> str:
    """A resolved text for a reader: `…` where only a run can tell."""
    return resolved.replace(ANY, "…")[:200]
