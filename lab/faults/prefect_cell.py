"""One cell of Prefect's table: a drill by a deployment, and what becomes of host and run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.client.schemas.objects import State

from deployments.processes import children
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.drill.journal import Step
from lab.errors import LabError
from lab.faults.drilling import await_step
from lab.faults.prefect_table import SUSPENDED, PrefectFault, Strike, await_clean
from lab.faults.result import By, Ending, Result, seconds
from lab.faults.sameness import Sameness, container_id, sameness
from lab.faults.site import NEW, Site, leftovers, made_known, site_of
from lab.lab import Lab
from lab.served import Served, served
from lab.target import Setting
from lab.tokens import TokenKind

SETTINGS: dict[str, Setting | None] = {"deploy__lease_s": 8, "deploy__limit_s": 20}


@contextmanager
def serving(lab: Lab, folder: Path) -> Iterator[Served]:
    """A Prefect server with a worker, for all cells; both images lie on the host, its tags stay as they are."""
    lab.pull(NEW, "latest")
    with served(lab, folder, target=SETTINGS) as running:
        yield running


def run_prefect_cell(audits: Served, fault: PrefectFault, step: str, folder: Path) -> Result:
    """Do it; the server and a worker go on.

    Raises:
        LabError: the lab itself cannot be brought to the known state.
    """
    began, site = time.monotonic(), site_of(audits.lab, folder, **SETTINGS)
    made_known(site)
    before, container = sameness(audits.lab), container_id(audits.lab)
    try:
        state, since = _struck(audits, site, fault, step)
        took = seconds(time.monotonic() - since)
        _await_idle(audits)
    except LabError as error:
        return _result(audits, fault, step, Ending.LOST, began, differs=(str(error)[-600:],))
    finally:
        audits.lab.gateway.switch(reset=True)
    differs = _differs(audits, site, before)
    if (fault.states and state.name not in fault.states) or fault.says not in (state.message or ""):
        differs = (*differs, f"the run ended {state.name}, expected {' or '.join(fault.states)}: {fault.says}")
    untouched = container_id(audits.lab) == container
    ending = Ending.LOST if differs else Ending.REFUSED if untouched and step == SUSPENDED else Ending.RESTORED
    told = (state.message[:300],) if state.message else ()
    return _result(
        audits, fault, step, ending, began, differs=differs, told=told, verdict=state.name or "", restored_s=took
    )


def _struck(audits: Served, site: Site, fault: PrefectFault, step: str) -> tuple[State, float]:
    """How the run ended, and since when the fault is over."""
    if step == SUSPENDED:
        audits.lab.gateway.switch(revoke=TokenKind.GOOD.value)
        run = audits.trigger(mode="drill", wait_hours=1)
        audits.settled(run)
    else:
        run = audits.trigger(mode="drill", wait_hours=0)
        await_step(site, Step(step))
    strike = Strike(served=audits, site=site, run=run)
    fault.act(strike)
    since = time.monotonic()
    await_clean(strike)
    return _final(audits, strike), since


def _final(audits: Served, strike: Strike, within_s: float = 120) -> State:
    deadline = time.monotonic() + within_s
    while not (state := audits.state(strike.run)).is_final():
        if time.monotonic() > deadline:
            raise LabError(f"the run is still {state.name}")
        time.sleep(0.2)
    return state


def _await_idle(audits: Served, within_s: float = 60) -> None:
    """Until the worker's flows have ended: one that another run has ended meanwhile still has to learn that."""
    deadline = time.monotonic() + within_s
    while children(audits.stack.pid("worker")) and time.monotonic() < deadline:
        time.sleep(0.2)


def _differs(audits: Served, site: Site, before: Sameness) -> tuple[str, ...]:
    try:
        changed = before.differs(sameness(audits.lab))
    except LabError as error:
        changed = [str(error)]
    storage = audits.stack.folder / "prefect" / "storage"
    kept = [f"controller: {one.name}" for one in storage.glob("ghcr-audit-journal-*")]
    return (*changed, *leftovers(site), *kept)


def _result(
    audits: Served,
    fault: PrefectFault,
    step: str,
    ending: Ending,
    began: float,
    *,
    differs: tuple[str, ...] = (),
    told: tuple[str, ...] = (),
    verdict: str = "",
    restored_s: float | None = None,
) -> Result:
    return Result(
        fault=fault.name,
        step=step,
        ending=ending,
        by=By.PREFECT if ending is Ending.RESTORED else None,
        verdict=verdict,
        differs=differs,
        told=told,
        wall_s=seconds(time.monotonic() - began),
        restored_s=restored_s,
        store=audits.lab.status().store,
        at=utc_now(),
    )
