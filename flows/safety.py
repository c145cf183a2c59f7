"""What keeps a drill from leaving its host changed, beside the drill itself.

An unfinished drill is restored before a run begins; an exception, Ctrl-C or SIGTERM restores at once; a process that
died is followed by Prefect's hooks, and where nobody is left to run them, by `recover` (see flows/watch.py).
"""

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prefect import get_run_logger
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.logging.loggers import flow_run_logger

from flows.other_runs import announce_drill
from flows.start import prepare_process
from flows.watch import end_dead_run, watched
from ghcr_audit.adapters import drill
from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.adapters.connections import close_connection, close_connections
from ghcr_audit.adapters.journals import JournalStore
from ghcr_audit.adapters.recover import Outcome, Recovery, recover
from ghcr_audit.audit import Audit
from ghcr_audit.errors import AuditError, HostError
from ghcr_audit.evidence import Mode
from ghcr_audit.targets import Target, load_target
from ghcr_audit.verdicts import Verdict
from tasks.journals import PrefectJournals
from tasks.ledger import keep_restored

HOOK_LIMIT_S = 110
"""So long a hook may hold up Prefect; what it began on the host goes on there, and `recover` looks after it."""


def journal_store() -> JournalStore:
    """Where this installation keeps its open journals."""
    return PrefectJournals()


def restored_first(target: Target, mode: Mode, run: str) -> None:
    """Restore the host if an earlier drill was left open on it; what is in the way is preflight's to tell."""
    if mode is Mode.OBSERVE or not drill.drills(target):
        return
    try:
        found = recover(target, journal_store(), run=run, look=True)
    except HostError:
        close_connection(target)
        return
    keep_restored(run, found.audit, by="before the audit")
    if found.outcome is not Outcome.NOTHING:
        _say(f"an unfinished drill on {target.where}: {told(found)}")
    if found.journal is not None and found.journal.run != run:
        end_dead_run(found)


@contextmanager
def drilling(audit: Audit) -> Iterator[None]:
    """While it drills: whatever ends this block, the host is restored, by this process if it can.

    Nothing happens in the other modes, and nothing that is over is done again. Suspending never comes to pass here.
    """
    if audit.mode is not Mode.DRILL or audit.target.deploy is None or audit.host_failure is not None:
        yield
        return
    journals, name = journal_store(), audit.target.name
    announce_drill()
    with watched(name, lease_s=audit.target.deploy.lease_s, over=lambda: journals.read(name) is None):
        try:
            yield
        except BaseException:
            try:  # even the log may be gone: the worker that read it was killed
                _say(f"interrupted: {audit.target.where} is put back first")
            finally:
                close_connections()
                keep_restored(audit.run, drill.finished(audit, journals), by="after an interruption")
                _say(_after_the_interruption(audit, journals))
            raise


def _after_the_interruption(audit: Audit, journals: JournalStore) -> str:
    if journals.read(audit.target.name) is None:
        return f"{audit.target.where} is as it was"
    return f"{audit.target.where} could not be put back: run `ghcr-audit recover {audit.target.name}`"


def restore_host(flow: "Flow[Any, Any]", flow_run: FlowRun, state: "State[Any]") -> None:
    """Hook of a run that failed, crashed or was cancelled: its own drill, if it is still open, is restored.

    It may run in a new process, which knows the run by its parameters alone. It never raises. A run that said itself
    that it cannot restore has done what can be done now.
    """
    target, mode = (str(flow_run.parameters.get(name)) for name in ("target", "mode"))
    if mode != Mode.DRILL.value or state.name == Verdict.RESTORE_FAILED.value or journal_store().read(target) is None:
        return
    prepare_process()
    words = _within(HOOK_LIMIT_S, lambda: _own_restored(target, str(flow_run.id)))
    words = words or "not done yet; what was begun goes on, and `recover` looks after it"
    flow_run_logger(flow_run, flow).info(f"the drill was still open on {target}'s host: {words}")


def told(found: Recovery) -> str:
    """A recovery in one line."""
    return f"{found.outcome.value}: {found.told}"


def _own_restored(target: str, run: str) -> str:
    try:
        found = recover(load_target(target, targets_folder()), journal_store(), run=run, own=True)
        keep_restored(run, found.audit, by="a hook, after the run's process")
        return told(found)
    except AuditError as error:
        return error.message
    finally:
        close_connections()


def _within(limit_s: float, work: Callable[[], str]) -> str:
    """What the work says, or '' when it has not said anything in time (it goes on as long as this process)."""
    said: list[str] = []
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(lambda: said.append(work()),), daemon=True)
    thread.start()
    thread.join(limit_s)
    return said[0] if said else ""


def _say(text: str) -> None:
    get_run_logger().info(text, extra={"ghcr_audit": "drill"})
