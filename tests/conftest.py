"""For all rings: how property tests are run, in which language commands speak, and which files begin first."""

import os
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import settings

from lab.errors import LabError
from lab.postgres import ensure as ensure_postgresql

settings.register_profile("no-deadline", deadline=None)  # a machine under load is slow, and no example is wrong by that
settings.load_profile("no-deadline")
os.environ["LC_ALL"] = "C.UTF-8"  # a developer's own locale decides nothing here


@pytest.fixture(scope="session")
def postgresql_machine() -> None:
    """Skips where PostgreSQL is neither installed nor to be fetched."""
    try:
        ensure_postgresql()
    except LabError as error:
        pytest.skip(f"no PostgreSQL on this machine: {error}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that compute much run beside files that wait much, and what takes minutes does not begin last.

    Several workers take the files in this order. The lab's tests keep every processor busy, those of the loopback ring
    mostly wait for a time limit, and the many small files of the pure ring fill what is left at the end.
    """
    files = {path: list(tests) for path, tests in groupby(items, key=lambda item: item.path)}
    if sum(len(tests) for tests in files.values()) != len(items):
        return  # single tests were named, in an order that somebody chose
    lab = [path for path in files if _is_of(files[path], "lab", "browser")]
    lab.sort(key=lambda path: not _serves(files[path]))
    loopback = [path for path in files if _is_of(files[path], "loopback") and path not in lab]
    rest = [path for path in files if path not in lab and path not in loopback]
    items[:] = [item for path in (*_dealt(lab, loopback), *rest) for item in files[path]]


def _is_of(tests: list[pytest.Item], *rings: str) -> bool:
    return any(test.get_closest_marker(ring) for test in tests for ring in rings)


def _serves(tests: list[pytest.Item]) -> bool:
    """Whether they need a Prefect server: then they are among those that take longest."""
    return any(hasattr(getattr(test, "module", None), name) for test in tests for name in ("served", "Served"))


def _dealt(few: list[Path], many: list[Path]) -> list[Path]:
    """Both in their order, the many spread evenly behind the few."""
    if not few:
        return many
    cuts = [round(at * len(many) / len(few)) for at in range(len(few) + 1)]
    pairs = zip(few, pairwise(cuts), strict=True)
    return [path for one, (start, end) in pairs for path in (one, *many[start:end])]
