"""The lab for tests that need real parts: one for the session, on the containerd image store."""

from collections.abc import Iterator

import pytest

from lab.errors import LabError
from lab.lab import Lab
from lab.packages import ensure


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
