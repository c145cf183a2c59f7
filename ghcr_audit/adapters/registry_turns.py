"""Turns at a registry: audits of one process ask the same registry a few at a time, since registries limit callers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 4
"""So many questions to one registry may be under way at the same moment."""

_turns: dict[str, threading.BoundedSemaphore] = {}
_table = threading.Lock()


@contextmanager
def registry_turn(registry: str) -> Iterator[None]:
    """While it is this caller's turn at the registry; other registries are asked meanwhile."""
    with _table:
        turns = _turns.setdefault(registry, threading.BoundedSemaphore(AT_ONCE))
    with turns:
        yield
