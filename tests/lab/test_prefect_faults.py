"""A fixed sample of Prefect's own table (`./run faults`): whatever of Prefect dies, the drilled host is the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.faults.matrix import served_lab
from lab.faults.prefect_cell import run_prefect_cell
from lab.faults.prefect_table import PREFECT_FAULTS, SUSPENDED
from lab.faults.result import Ending
from lab.served import Served

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]

KNOWN = {fault.name: fault for fault in PREFECT_FAULTS}
SHORT = (
    ("flow-killed", "deploying"),
    ("flow-killed", "restoring"),
    ("worker-killed", "rolling_back"),
    ("worker-and-flow-killed", "deploying"),
    ("worker-and-flow-killed", "rolling_back"),
    ("cancelled", "deploying"),
    ("cancelled", "rolling_back"),
)
LONG = (
    ("flow-killed", "begun"),
    ("worker-killed", "deploying"),
    ("worker-and-flow-killed", "restoring"),
    ("cancelled", SUSPENDED),
    ("server-restart", "deploying"),
    ("zombie", "deploying"),
)


@pytest.fixture(scope="module")
def audits(lab_machine: None) -> Iterator[Served]:
    with served_lab("containerd", print) as running:
        yield running


@pytest.mark.parametrize(
    ("fault", "step"), [*SHORT, *(pytest.param(*one, marks=pytest.mark.long) for one in LONG)], ids=str
)
def test_whatever_of_prefect_dies_the_host_is_the_same_in_the_end(
    audits: Served, tmp_path: Path, fault: str, step: str
) -> None:
    result = run_prefect_cell(audits, KNOWN[fault], step, tmp_path)
    expected = Ending.REFUSED if step == SUSPENDED else Ending.RESTORED
    assert result.ending is expected, f"{result.model_dump_json(indent=1)}\n{audits.log('worker')[-3000:]}"
