"""The lab for tests that need real parts: one for the session, on the containerd image store."""

from collections.abc import Iterator

import pytest

from lab.errors import LabError
from lab.lab import Lab
from lab.packages import ensure


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab of this session's own. Tests that stop or change a part of it put it back."""
    try:
        ensure()
    except LabError as error:
        pytest.skip(f"no lab on this machine: {error}")
    with Lab.temporary() as lab:
        yield lab
