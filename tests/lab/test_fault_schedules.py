"""A few random schedules of the fault matrix (`./run faults --seed N --schedules K`): no host is ever lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.faults.result import Ending
from lab.faults.schedule import Schedule, run_schedule, schedule_of
from lab.faults.table import FAULTS
from lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]

SEED, COUNT = 20261123, 5


@pytest.fixture(scope="module")
def own_lab(lab_machine: None) -> Iterator[Lab]:
    with Lab.temporary() as lab:
        yield lab


@pytest.mark.parametrize(
    "schedule", [schedule_of(SEED, number, FAULTS) for number in range(COUNT)], ids=lambda schedule: schedule.name
)
def test_several_faults_in_one_drill_leave_the_host_the_same(own_lab: Lab, tmp_path: Path, schedule: Schedule) -> None:
    result = run_schedule(own_lab, schedule, tmp_path)
    assert result.ending in (Ending.RESTORED, Ending.REFUSED), result.model_dump_json(indent=1)
