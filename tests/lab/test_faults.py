"""A fixed sample of the fault matrix (`./run faults`): whatever strikes a drill, its host is the same in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.drill.journal import Step
from lab.faults.cell import run_cell
from lab.faults.result import Ending
from lab.faults.table import FAULTS
from lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]

KNOWN = {fault.name: fault for fault in FAULTS}
SHORT = (
    ("sigkill", Step.DEPLOYING),
    ("sigterm", Step.RESTORING),
    ("asleep-deployed", Step.RESTORING),
    ("clock-behind", Step.DEPLOYING),
    ("disk-controller", Step.BEGUN),
    ("second-drill", Step.DEPLOYING),
    ("ssh-cut", Step.ROLLING_BACK),
    ("ssh-lost", Step.RESTORING),
    ("engine-restart", Step.DEPLOYING),
    ("disk-host", Step.DEPLOYING),
    ("journal-cut", Step.DEPLOYING),
)
LONG = (
    ("sigkill", Step.CLOSING),
    ("asleep", Step.BEGUN),
    ("sshd-down", Step.RESTORING),
    ("engine-restart", Step.ROLLING_BACK),
    ("engine-killed", Step.RESTORING),
    ("disk-engine", Step.RESTORING),
    ("journal-forged", Step.DEPLOYING),
    ("journal-link", Step.RESTORING),
    ("revoked", Step.ROLLING_BACK),
    ("script-child", Step.DEPLOYING),
    ("release-crashes", Step.DEPLOYING),
)


@pytest.fixture(scope="module")
def own_lab(lab_machine: None) -> Iterator[Lab]:
    with Lab.temporary() as lab:
        yield lab


@pytest.mark.parametrize(
    ("fault", "step"), [*SHORT, *(pytest.param(*one, marks=pytest.mark.long) for one in LONG)], ids=str
)
def test_whatever_strikes_the_host_is_the_same_in_the_end(own_lab: Lab, tmp_path: Path, fault: str, step: Step) -> None:
    result = run_cell(own_lab, KNOWN[fault], step, tmp_path)
    assert result.ending in (Ending.RESTORED, Ending.REFUSED), result.model_dump_json(indent=1)
