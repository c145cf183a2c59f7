"""The policy all links share: retries for temporary errors only, failures as data, one table artifact each."""

import logging
from collections.abc import Callable
from functools import wraps

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import task_run
from prefect.tasks import Task

from ghcr_audit.adapters import walk
from ghcr_audit.adapters.connections import close_connection
from ghcr_audit.audit import Audit
from ghcr_audit.errors import AuditError, HostError
from ghcr_audit.evidence import Link
from ghcr_audit.language import Language, speaking
from ghcr_audit.links import link_state
from ghcr_audit.report.tables import link_table
from ghcr_audit.report.text import link_lines
from ghcr_audit.watching import watcher
from tasks.failures import redacting
from tasks.ledger import ledger_of

RETRY_DELAYS_S = (1, 4)


def link_task(link: Link) -> Callable[[Callable[[Audit], Audit]], Task[[Audit], Audit]]:
    """A task that walks one link.

    A temporary HostError is raised, so that Prefect tries again; what is left after the last try, or is not
    temporary, becomes an observation. Anything else is a bug and ends the run, its text without secrets.

    What the link saw is in the ledger, on the disk, before the task returns: so before the next link begins. Where
    it cannot be stored, the run ends there.
    """

    def decorated(look: Callable[[Audit], Audit]) -> Task[[Audit], Audit]:
        @wraps(look)
        def walked(audit: Audit) -> Audit:
            watcher().begins(link)
            ledger = ledger_of(audit.run)
            ledger.seen(link, audit.observations, always=False)  # what was seen since the last link
            audit = audit if audit.host_failure is not None else _looked(look, audit, link)
            ledger.seen(link, audit.observations)
            _tell(audit, link)
            return audit

        return task(
            name=link.value,
            retries=len(RETRY_DELAYS_S),
            retry_delay_seconds=list(RETRY_DELAYS_S),
            retry_condition_fn=is_temporary,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(redacting(walked))

    return decorated


def is_temporary(task: Task[..., object], run: TaskRun, state: State[object]) -> bool:
    """Whether another try may succeed: AuditError says so itself; a bug never is."""
    del task, run
    error = state.result(raise_on_failure=False)
    return isinstance(error, AuditError) and error.temporary


def _looked(look: Callable[[Audit], Audit], audit: Audit, link: Link) -> Audit:
    try:
        return look(audit)
    except HostError as error:
        close_connection(audit.target)
        if error.temporary and (task_run.run_count or 0) <= len(RETRY_DELAYS_S):
            raise
        seen = walk.outside(audit.anew()) if link is Link.PREFLIGHT else audit
        return walk.lost(seen, link, error)


def _tell(audit: Audit, link: Link) -> None:
    """The link's claims into the log (and so onto the run's page), and its table as an artifact."""
    state = link_state(audit, link)
    watcher().ends(state)
    with speaking(audit.target.lang or Language.ENGLISH):
        lines = link_lines(state, colour=False)
    for line in lines:
        get_run_logger().log(logging.INFO, line, extra={"ghcr_audit": link.value})
    publish_table(audit, link)


def publish_table(audit: Audit, link: Link) -> None:
    """The evidence table of one link, under a stable key per target."""
    state = link_state(audit, link)
    with speaking(audit.target.lang or Language.ENGLISH):
        rows = link_table(state, audit.observations)
    create_table_artifact(
        key=f"{audit.target.name}-{link.value}",
        table=[dict(row) for row in rows],
        description=f"{link.value} of {audit.target.name} {audit.tag}"
        + (f": {state.not_run}" if state.not_run else ""),
    )
