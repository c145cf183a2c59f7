"""Random sequences of faults in one drill. The same seed and number give the same sequence."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.recover import Outcome, recover
from ghcr_audit.drill.journal import Step
from ghcr_audit.errors import HostError
from lab.errors import LabError
from lab.faults.cell import compared, ending_of, untold
from lab.faults.drilling import ENDS_WITHIN_S, at_step, drill_process, ended, told_by
from lab.faults.fault import Fault
from lab.faults.recovering import recovered_at_last
from lab.faults.result import By, Ending, Result, seconds
from lab.faults.sameness import container_id, sameness
from lab.faults.scene import Scene
from lab.faults.site import NEW, SHORT, Site, made_known, site_of
from lab.lab import Lab
from lab.target import Setting

MOST_FAULTS = 4
LATEST_S = 3.0
_WATCH = "00000000-0000-4000-8000-00000000fa17"
"""The run as which the watch recovers."""
_WATCH_EVERY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault of a schedule: so many seconds after the drill has come to this step."""

    fault: Fault
    step: Step
    after_s: float

    def __str__(self) -> str:
        return f"{self.fault.name} at {self.step.value} + {self.after_s:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A sequence of faults of distinct parts, and whether the target's own rollback is tried."""

    name: str
    """`SEED-NUMBER`: what makes it again."""
    strikes: tuple[Strike, ...]
    rollback: bool

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(map(str, self.strikes))}{'; with rollback' if self.rollback else ''}"


def schedule_of(seed: int, number: int, faults: Sequence[Fault]) -> Schedule:
    """The schedule of this number."""
    name = f"{seed}-{number}"
    chance = random.Random(name)  # noqa: S311 - it shall be foretold
    mixing = [fault for fault in faults if fault.mixes]
    parts = sorted({fault.part for fault in mixing})
    chosen = chance.sample(parts, chance.randint(1, min(MOST_FAULTS, len(parts))))
    strikes = tuple(_strike([fault for fault in mixing if fault.part is part], chance) for part in chosen)
    by_itself = any(strike.step is Step.ROLLING_BACK for strike in strikes)
    return Schedule(name=name, strikes=strikes, rollback=by_itself or chance.choice((True, False)))


def _strike(faults: list[Fault], chance: random.Random) -> Strike:
    fault = chance.choice(faults)
    return Strike(fault=fault, step=chance.choice(fault.steps), after_s=round(chance.uniform(0, LATEST_S), 1))


def run_schedule(lab: Lab, schedule: Schedule, folder: Path) -> Result:
    """Do it in this empty folder; `recover` looks at the host all the while, as a watch that came too soon.

    Raises:
        LabError: the lab itself cannot be brought to the known state.
    """
    began, site = time.monotonic(), site_of(lab, folder, **_settings(schedule))
    mixed = len(schedule.strikes) > 1
    scene = Scene(site=site, step=Step.BEGUN, run="", folder=folder, mixed=mixed, told=[str(schedule)])
    made_known(site)
    try:
        for strike in schedule.strikes:
            strike.fault.prepare(replace(scene, step=strike.step))
        before, container = sameness(lab), container_id(lab)
        output, since = _drilled(scene, schedule)
        found = recovered_at_last(site)
        if found.outcome is not Outcome.NOTHING:
            scene.told.append(f"recover: {found.outcome.value}: {found.told}"[:300])
        told = told_by(output)
        differs = (*untold(told, found), *compared(scene, before))
        ending = ending_of(differs, told, scene, untouched=container_id(lab) == container)
    except LabError as error:
        differs, told, ending, since = (str(error),), None, Ending.LOST, time.monotonic()
    finally:
        for strike in schedule.strikes:
            strike.fault.tidy(scene)
    return Result(
        fault=f"schedule {schedule.name}",
        step="",
        ending=ending,
        by=By.DRILL if told is not None else By.RECOVER,
        verdict=told.verdict if told else "",
        differs=differs,
        told=tuple(scene.told),
        wall_s=seconds(time.monotonic() - began),
        restored_s=None if ending is Ending.LOST else seconds(time.monotonic() - since),
        store=lab.status().store,
        at=utc_now(),
    )


def _drilled(scene: Scene, schedule: Schedule) -> tuple[str, float]:
    """What the drill said, and when the last fault was over."""
    audit = scene.site.audit(_tag(schedule))
    over: list[float] = [time.monotonic()]
    with drill_process(scene.site, audit, rollback=schedule.rollback, clock_file=_clock(scene)) as process:
        scene = replace(scene, process=process, run=audit.run)
        with _watched(scene.site), _struck(scene, schedule, over):
            output = ended(process)
    return output, max(over)


def _settings(schedule: Schedule) -> dict[str, Setting | None]:
    found = dict(SHORT)
    for strike in schedule.strikes:
        found.update(strike.fault.settings)
    return found


def _tag(schedule: Schedule) -> str:
    return next((one.fault.tag for one in schedule.strikes if one.fault.tag != NEW), NEW)


def _clock(scene: Scene) -> Path:
    scene.clock_file.write_text("0", encoding="ascii")
    return scene.clock_file


@contextmanager
def _struck(scene: Scene, schedule: Schedule, over: list[float]) -> Iterator[None]:
    """Each fault in a thread of its own; those whose step has not come when the drill is over never come.

    Raises:
        LabError: a fault could not be done, or not be healed.
    """
    done, failures = threading.Event(), list[str]()
    threads = [
        threading.Thread(target=_strike_once, args=(scene, strike, done, over, failures), daemon=True)
        for strike in schedule.strikes
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(ENDS_WITHIN_S)
    if failures:
        raise LabError("; ".join(failures))


def _strike_once(scene: Scene, strike: Strike, done: threading.Event, over: list[float], failures: list[str]) -> None:
    fault, scene = strike.fault, replace(scene, step=strike.step)
    while not at_step(scene.site, strike.step):
        if done.wait(0.01):
            scene.told.append(f"{fault.name}: its step did not come")
            return
    time.sleep(strike.after_s)
    try:
        try:
            fault.act(scene)
            time.sleep(fault.hold_s)
        finally:
            fault.heal(scene)
    except (LabError, OSError) as error:
        failures.append(f"{fault.name}: {error}")
    over.append(time.monotonic())


@contextmanager
def _watched(site: Site) -> Iterator[None]:
    """Somebody looks whether the host is to be recovered, again and again."""
    done = threading.Event()
    thread = threading.Thread(target=_watch, args=(site, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(ENDS_WITHIN_S)


def _watch(site: Site, done: threading.Event) -> None:
    while not done.wait(_WATCH_EVERY_S):
        with suppress(HostError):
            recover(site.target, site.journals, run=_WATCH, look=True)
