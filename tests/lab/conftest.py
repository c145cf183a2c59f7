"""The lab for tests that need real parts: one for the session, on the containerd image store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.lab import Lab
from lab.packages import ensure
from tests.lab import host_flaws
from tests.lab.command_line import CommandLine, HostState, command_line, state_of_host


@pytest.fixture(scope="session")
def lab_machine() -> None:
    """Skips where no lab can run: for tests that bring up labs of their own."""
    try:
        ensure()
    except LabError as error:
        pytest.skip(f"no lab on this machine: {error}")


@pytest.fixture(scope="session")
def lab(lab_machine: None) -> Iterator[Lab]:
    """A lab of this session's own. Tests that stop or change a part of it put it back."""
    with Lab.temporary() as lab:
        yield lab


@pytest.fixture(scope="module")
def drill_lab(lab_machine: None) -> Iterator[Lab]:
    """A lab of a module's own, with the release that its drills deploy on the host."""
    with Lab.temporary() as lab:
        lab.pull(lab.releases.newest_published)
        yield lab


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return command_line(tmp_path)


@pytest.fixture(scope="module")
def whole(lab: Lab) -> HostState:
    """The host before any test of a module: nothing that a verb which only reads does may ever change it."""
    host_flaws.wait_until_healthy(lab)
    return state_of_host(lab)
