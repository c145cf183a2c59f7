"""One cell of the matrix: a drill, a fault at one of its steps, and the host compared with what it was before."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.recover import Outcome, Recovery
from ghcr_audit.drill.journal import Step
from ghcr_audit.verdicts import Verdict
from lab.errors import LabError
from lab.faults import disks
from lab.faults.deeds import deployed_by_hand
from lab.faults.drilling import Told, await_step, drill_process, ended, told_by
from lab.faults.fault import Fault, Part, Way
from lab.faults.recovering import recovered_at_last
from lab.faults.result import By, Ending, Result, seconds
from lab.faults.sameness import Sameness, container_id, sameness
from lab.faults.scene import Scene
from lab.faults.site import SHORT, leftovers, made_known, site_of
from lab.lab import Lab

TIMER_WITHIN_S = 60
_SPEED_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A drill that is over. `expected` is the host as it must be now; `since`: from when restoring is timed."""

    output: str
    expected: Sameness
    since: float
    same_at: float | None = None
    """When somebody else had restored it already."""


def run_cell(lab: Lab, fault: Fault, step: Step, folder: Path) -> Result:
    """Do it in this empty folder of its own. The lab is left as it is found, or as the fault has left it when LOST.

    Raises:
        LabError: the lab itself cannot be brought to the known state.
    """
    began = time.monotonic()
    with prepared(lab, fault, step, folder) as scene:
        before, container = sameness(lab), container_id(lab)
        try:
            struck = _struck(fault, scene, before)
        except MissedError as error:
            return _result(scene, fault, Ending.MISSED, began, told=(str(error),))
        except LabError as error:
            return _result(scene, fault, Ending.LOST, began, differs=(str(error),))
        told = told_by(struck.output)
        by, untold = _brought_back(fault, scene, told)
        differs = (*untold, *compared(scene, struck.expected))
        same_at = struck.same_at or time.monotonic()
        untouched = fault.way is not Way.DEPLOYED_SINCE and container_id(lab) == container
    return _result(
        scene,
        fault,
        ending_of(differs, told, scene, untouched=untouched),
        began,
        by=by,
        differs=differs,
        verdict=told.verdict if told else "",
        restored_s=seconds(same_at - struck.since),
    )


class MissedError(LabError):
    """The drill never came to the step at which the fault should strike."""


@contextmanager
def prepared(lab: Lab, fault: Fault, step: Step, folder: Path) -> Iterator[Scene]:
    """The site in its known state, with what the fault needs; tidied up whatever happens."""
    site = site_of(lab, folder, **{**SHORT, **fault.settings})
    scene = Scene(site=site, step=step, run="", folder=folder)
    made_known(site)
    try:
        if fault.part is Part.CLOCK:
            scene.clock_file.write_text("0", encoding="ascii")
        fault.prepare(scene)
        if fault.own_disk:
            scene = replace(scene, site=replace(site, root=disks.root_of(lab, "sshd")))
        yield scene
    finally:
        fault.tidy(scene)


def _struck(fault: Fault, scene: Scene, before: Sameness) -> Struck:
    audit = scene.site.audit(fault.tag)
    clock_file = scene.clock_file if scene.clock_file.exists() else None
    rollback = scene.step is Step.ROLLING_BACK  # else restoring has something to do
    with drill_process(scene.site, audit, rollback=rollback, clock_file=clock_file) as process:
        scene = replace(scene, process=process, run=audit.run)
        _await_step(scene, process)
        struck = _act(fault, scene, before)
        return replace(struck, output=ended(process))


def _await_step(scene: Scene, process: subprocess.Popen[str]) -> None:
    try:
        await_step(scene.site, scene.step, process)
    except LabError as error:
        output = ended(process) if process.poll() is not None else ""
        raise MissedError(f"{error}; it said: {output.strip()[-300:] or 'nothing'}") from None


def _act(fault: Fault, scene: Scene, before: Sameness) -> Struck:
    """The fault, as long as it holds, and its end."""
    at = time.monotonic()
    struck = Struck(output="", expected=before, since=at)
    try:
        fault.act(scene)
        if fault.way in (Way.WHILE_ASLEEP, Way.DEPLOYED_SINCE):
            struck = _recovered_meanwhile(fault, scene, struck)
        else:
            time.sleep(fault.hold_s)
    finally:
        fault.heal(scene)
    return struck if struck.same_at is not None else replace(struck, since=time.monotonic())


def _recovered_meanwhile(fault: Fault, scene: Scene, struck: Struck) -> Struck:
    """The drill's process is stopped: its lease expires, and somebody else restores."""
    found = recovered_at_last(scene.site)
    scene.told.append(f"meanwhile {found.outcome.value}: {found.told}"[:300])
    struck = replace(struck, same_at=time.monotonic())
    if fault.way is not Way.DEPLOYED_SINCE:
        return struck
    deployed_by_hand(scene)
    return replace(struck, expected=sameness(scene.lab))


def _brought_back(fault: Fault, scene: Scene, told: Told | None) -> tuple[By, tuple[str, ...]]:
    """Whoever has to, has restored the host; and what the drill's report does not say of that."""
    if fault.way is Way.TIMER:
        _await_timer(scene)
        return By.TIMER, ()
    found = recovered_at_last(scene.site)
    if found.outcome is not Outcome.NOTHING:
        scene.told.append(f"recover: {found.outcome.value}: {found.told}"[:300])
    asleep = fault.way in (Way.WHILE_ASLEEP, Way.DEPLOYED_SINCE)
    by = By.RECOVER if asleep or found.outcome is Outcome.RESTORED else By.DRILL
    return by, untold(told, found)


def _await_timer(scene: Scene) -> None:
    deadline = time.monotonic() + TIMER_WITHIN_S
    while (scene.site.place / "journal").exists() and time.monotonic() < deadline:
        time.sleep(_SPEED_S)


def untold(told: Told | None, found: Recovery) -> tuple[str, ...]:
    """What a drill that came to its end kept back: that its host was still to be restored."""
    if told is None or told.verdict == Verdict.RESTORE_FAILED or found.outcome is Outcome.NOTHING:
        return ()
    return (f"the drill said {told.verdict}, and recover after it: {found.outcome.value}: {found.told}"[:300],)


def compared(scene: Scene, expected: Sameness) -> tuple[str, ...]:
    """What is not as it must be, and what was left behind."""
    try:
        return (*expected.differs(sameness(scene.lab)), *leftovers(scene.site))
    except LabError as error:
        return (str(error), *leftovers(scene.site))


def ending_of(differs: tuple[str, ...], told: Told | None, scene: Scene, *, untouched: bool) -> Ending:
    """What to call it; `untouched`: the service's container is the very one of before."""
    if differs:
        return Ending.LOST
    forbidden = told is not None and told.refused
    return Ending.REFUSED if untouched and forbidden else Ending.RESTORED


def _result(
    scene: Scene,
    fault: Fault,
    ending: Ending,
    began: float,
    *,
    by: By | None = None,
    verdict: str = "",
    differs: tuple[str, ...] = (),
    told: tuple[str, ...] = (),
    restored_s: float | None = None,
) -> Result:
    return Result(
        fault=fault.name,
        step=scene.step.value,
        ending=ending,
        by=by,
        verdict=verdict,
        differs=differs,
        told=(*scene.told, *told),
        wall_s=seconds(time.monotonic() - began),
        restored_s=restored_s,
        store=scene.lab.status().store,
        at=utc_now(),
    )
