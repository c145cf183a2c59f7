"""Who watches a run in its own process: told when a link begins and ends, how far a pull is, and to step aside.

By default nobody: a worker's run is watched on its page. One watcher at a time; all may come from any thread.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from ghcr_audit.commands import Progress
from ghcr_audit.evidence import Link
from ghcr_audit.report.model import LinkState


class Watcher(Protocol):
    """What a run tells while it goes on. None of it may fail, wait, or change the run."""

    def begins(self, link: Link, doing: str = "") -> None:
        """A link is looked at from now on; `doing` says at what of it, in our own words."""

    def ends(self, state: LinkState) -> None:
        """A link was walked, and this is what it claims."""

    def pulls(self, progress: Progress) -> None:
        """How far a pull is."""

    def aside(self) -> AbstractContextManager[None]:
        """While this lasts somebody else has the terminal: a prompt."""


class _Nobody:
    """Watches nothing."""

    def begins(self, link: Link, doing: str = "") -> None:
        """Nobody looks."""

    def ends(self, state: LinkState) -> None:
        """Nobody looks."""

    def pulls(self, progress: Progress) -> None:
        """Nobody looks."""

    def aside(self) -> AbstractContextManager[None]:
        """Nobody is in the way."""
        return nullcontext()


_watchers: list[Watcher] = [_Nobody()]


def watcher() -> Watcher:
    """Who watches now."""
    return _watchers[-1]


@contextmanager
def watched_by(one: Watcher) -> Iterator[None]:
    """Let this one watch."""
    _watchers.append(one)
    try:
        yield
    finally:
        _watchers.remove(one)
