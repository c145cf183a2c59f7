"""Places in a text that overlap, taken together."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


class Place(Protocol):
    """`text[start:end]`."""

    @property
    def start(self) -> int:
        """The first character."""

    @property
    def end(self) -> int:
        """One past the last."""


_Placed = TypeVar("_Placed", bound=Place)


def overlapping(found: Iterable[_Placed]) -> Iterator[list[_Placed]]:
    """Places, ordered by their start, in groups of those that overlap."""
    group: list[_Placed] = []
    end = -1
    for find in found:
        if group and find.start >= end:
            yield group
            group = []
        group.append(find)
        end = max(end, find.end)
    if group:
        yield group
