"""All cells and schedules that were asked for, one after another on one bench, as long as the time lasts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ghcr_audit.drill.journal import Step
from lab.errors import LabError
from lab.faults.cell import run_cell
from lab.faults.fault import Fault, Row
from lab.faults.prefect_cell import run_prefect_cell, serving
from lab.faults.prefect_table import PrefectFault
from lab.faults.rendering import progress
from lab.faults.result import Ending, Result, append_result
from lab.faults.schedule import Schedule, run_schedule
from lab.lab import Lab
from lab.lifetime import Log
from lab.served import Served
from lab.state import Store

Bench = TypeVar("Bench", Lab, Served)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[Bench]):
    """A cell or a schedule still to be done, on a lab or on one that is served."""

    name: str
    run: Callable[[Bench, Path], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Where results go, and until when something is begun (monotonic seconds)."""

    file: Path
    until: float
    log: Log


def cells(faults: Sequence[Fault], steps: Sequence[Step], done: Iterable[Result]) -> list[Job[Lab]]:
    """The cells of these faults and steps that can be and were not yet."""
    return [
        Job(name=f"{fault.name} {step.value}", run=_cell(fault, step))
        for fault in faults
        for step in steps
        if _open(fault, step, done)
    ]


def prefect_cells(faults: Sequence[PrefectFault], steps: Sequence[str], done: Iterable[Result]) -> list[Job[Served]]:
    """The same of Prefect's table."""
    return [
        Job(name=f"{fault.name} {step}", run=_prefect_cell(fault, step))
        for fault in faults
        for step in steps
        if _open(fault, step, done)
    ]


def schedules(wanted: Sequence[Schedule], done: Iterable[Result]) -> list[Job[Lab]]:
    """The schedules that were not run yet."""
    known = {one.fault for one in done}
    return [
        Job(name=f"schedule {one.name}", run=_schedule(one)) for one in wanted if f"schedule {one.name}" not in known
    ]


def _open(row: Row, step: str, done: Iterable[Result]) -> bool:
    return step in row.steps and not any(one.key == (row.name, step) for one in done)


def _cell(fault: Fault, step: Step) -> Callable[[Lab, Path], Result]:
    return lambda lab, folder: run_cell(lab, fault, step, folder)


def _prefect_cell(fault: PrefectFault, step: str) -> Callable[[Served, Path], Result]:
    return lambda audits, folder: run_prefect_cell(audits, fault, step, folder)


def _schedule(schedule: Schedule) -> Callable[[Lab, Path], Result]:
    return lambda lab, folder: run_schedule(lab, schedule, folder)


@contextmanager
def served_lab(store: Store, log: Log) -> Iterator[Served]:
    """A lab of one's own, served by a Prefect server of its own."""
    with (
        Lab.temporary(store, log) as lab,
        tempfile.TemporaryDirectory(prefix="ghcr-audit-served-") as folder,
        serving(lab, Path(folder)) as running,
    ):
        yield running


def run_all(
    jobs: Sequence[Job[Bench]], wishes: Wishes, bench: Callable[[], AbstractContextManager[Bench]]
) -> list[Result]:
    """Each result is written as it comes. A bench that was spoilt is replaced by another one.

    Raises:
        LabError: there is none to be had on this machine.
    """
    results: list[Result] = []
    while len(results) < len(jobs) and time.monotonic() < wishes.until:
        with bench() as at:
            results += _as_far_as_it_goes(at, jobs, len(results), wishes)
    return results


def _as_far_as_it_goes(at: Bench, jobs: Sequence[Job[Bench]], first: int, wishes: Wishes) -> list[Result]:
    """On this bench: until all is done, the time is over, or the lab is no good any more."""
    results: list[Result] = []
    for number, job in enumerate(jobs[first:], start=first + 1):
        if time.monotonic() > wishes.until:
            wishes.log(f"the time is over: {len(jobs) - number + 1} are left; go on with --resume {wishes.file}")
            break
        try:
            result = _in_its_folder(at, job)
        except LabError as error:
            if not results:
                raise
            wishes.log(f"{job.name}: the lab is spoilt, another one is brought up: {error}")
            break
        append_result(wishes.file, result)
        wishes.log(progress(result, number, len(jobs)))
        results.append(result)
    return results


def _in_its_folder(at: Bench, job: Job[Bench]) -> Result:
    with tempfile.TemporaryDirectory(prefix="ghcr-audit-fault-") as folder:
        return job.run(at, Path(folder))


def lost(results: Iterable[Result]) -> bool:
    """Whether a host was lost, or a cell has proved nothing."""
    return any(one.ending in (Ending.LOST, Ending.MISSED) for one in results)
