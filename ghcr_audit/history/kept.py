"""Past runs as they are kept: where each lies, how far it can be trusted, and what is to be told of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Protocol

from ghcr_audit.evidence import Value
from ghcr_audit.history.past import Past


class Trust(StrEnum):
    """What speaks for a past run being what was written down then."""

    INTACT = "intact"
    """Of a bundle: every entry is as it was written, and the verdict follows from what was observed, again."""
    NOT_JUDGED = "not judged again"
    """Of a bundle: nothing speaks against it, but this version judges or writes in another way than its own did."""
    SERVER = "as the server keeps it"
    """Of a Prefect artifact: nothing was checked."""
    ALTERED = "altered"
    """Of a bundle: it is not what was written. It tells nothing."""
    UNREADABLE = "unreadable"
    """It cannot be read here: no bundle, or of a later version."""


class Kept(Value):
    """A past run where it lies. `past` is None where it tells nothing that may be used; then `told` says why."""

    place: str
    """A file's name, or `server`."""
    trust: Trust
    past: Past | None = None
    told: str = ""


class PastRuns(Protocol):
    """Where past runs are kept."""

    @property
    def place(self) -> str:
        """What this place is called."""

    def newest_first(self, target: str) -> Iterator[Kept]:
        """A target's runs, and between them what cannot be used and may have been one."""

    def run(self, name: str) -> Kept | None:
        """The run of this id, or the only one whose id begins so; None when there is none here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Runs of a target, newest first, and what had to be left out."""

    runs: tuple[Kept, ...]
    left_out: tuple[Kept, ...]

    @property
    def pasts(self) -> tuple[Past, ...]:
        """What the runs tell, newest first."""
        return tuple(one.past for one in self.runs if one.past is not None)


_LEFT_OUT_LIMIT = 100
"""So many files that cannot be used are named; a folder may hold anything."""


def listed(found: Iterable[Kept], limit: int) -> Listing:
    """At most so many runs, each once, and what cannot be used of what lay between them."""
    runs: dict[str, Kept] = {}
    left_out: list[Kept] = []
    for one in islice(found, limit + _LEFT_OUT_LIMIT):
        if one.past is None:
            left_out.append(one)
        elif one.past.run not in runs and len(runs) < limit:
            runs[one.past.run] = one
        if len(runs) == limit:
            break
    return Listing(runs=tuple(runs.values()), left_out=tuple(left_out))
