"""Hosts on which a drill was left open are put back: by schedule, when a drill's watch comes due, or by hand."""

from dataclasses import dataclass
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State, StateType
from prefect.runtime import flow_run
from pydantic import Field

import ghcr_audit.adapters.recover as unfinished
from flows.safety import journal_store, told
from flows.start import prepare_process
from flows.watch import end_dead_run, recover_later
from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.recover import Outcome, Recovery
from ghcr_audit.errors import AuditError
from ghcr_audit.report.recovery import next_commands
from ghcr_audit.targets import NAME_PATTERN, load_target, target_names
from tasks.failures import redacting
from tasks.ledger import keep_restored
from tasks.recovery import publish_recovery

_HOST_AWAY_S = 60
"""A host that is away is looked for again after this."""
_AFTER_THE_LEASE_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recovered:
    """How it went with one target.

    `again_s`: it is worth another look after so long. `commands`: what a person runs where it failed.
    """

    target: str
    recovery: Recovery
    again_s: float | None = None
    commands: tuple[str, ...] = ()


@flow(name="recover", persist_result=False)
@redacting
def recover(target: Annotated[str | None, Field(pattern=NAME_PATTERN)] = None, *, look: bool = False) -> State[None]:
    """Restore every host whose drill was left open by a run that died; asks no host where there is none.

    The drill may have been another machine's, whose journals are not kept here: its watch lets the host be asked.

    Args:
        target: The target whose host is put back. Left out: every target with an open drill. Any name, not a choice
            of those that were known when this was deployed: a drill's watch must never be turned away.
        look: Ask the target's host even where no journal of a drill is kept here.
    """
    prepare_process()
    done = [_recovered(name, look=look) for name in _open_drills(target, look=look)]
    for one in done:
        get_run_logger().info(f"{one.target}: {told(one.recovery)}")
        if one.again_s is not None:
            recover_later(one.target, one.again_s)
        if one.recovery.outcome in (Outcome.RESTORED, Outcome.FAILED):
            publish_recovery(one.target, one.recovery, one.commands)
        end_dead_run(one.recovery)
    return _final_state(done)


def _open_drills(target: str | None, *, look: bool) -> list[str]:
    journals = journal_store()
    names = [load_target(target, targets_folder()).name] if target else target_names(targets_folder())
    return [name for name in names if (look and target) or journals.read(name) is not None]


def _recovered(name: str, *, look: bool) -> _Recovered:
    """One bad target file or absent host never keeps the others from being recovered."""
    try:
        target = load_target(name, targets_folder())
        found = unfinished.recover(target, journal_store(), run=str(flow_run.id), look=look)
        if found.journal is not None:
            keep_restored(found.journal.run, found.audit, by=f"recover {flow_run.id}")
    except AuditError as error:
        failed = Recovery(outcome=Outcome.FAILED, told=str(error))
        return _Recovered(target=name, recovery=failed, again_s=_HOST_AWAY_S if error.temporary else None)
    finally:
        close_connections()
    if found.outcome is Outcome.FAILED:
        return _Recovered(target=name, recovery=found, commands=next_commands(target, found.journal, found.audit))
    busy = found.outcome is Outcome.BUSY
    return _Recovered(target=name, recovery=found, again_s=found.wait_s + _AFTER_THE_LEASE_S if busy else None)


def _final_state(done: list[_Recovered]) -> State[None]:
    """Its name tells: RestoreFailed, Restored, or Completed where nothing was to be done (or somebody is at it)."""
    outcomes = {one.recovery.outcome for one in done}
    failed = [one for one in done if one.recovery.outcome is Outcome.FAILED]
    words = "; ".join(f"{one.target}: {told(one.recovery)}" for one in failed or done)
    if failed:
        by_hand = "; ".join(dict.fromkeys(command for one in failed for command in one.commands[:2]))
        more = f". By hand, as the artifact says: {by_hand}" if by_hand else ""
        return State(type=StateType.FAILED, name="RestoreFailed", message=words + more)
    if Outcome.RESTORED in outcomes:
        return State(type=StateType.COMPLETED, name="Restored", message=words)
    return State(type=StateType.COMPLETED, name="Completed", message=words or "no drill is open")
