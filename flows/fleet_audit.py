"""Many targets at once: each audited like one alone, all of them on one page."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Annotated

from prefect import flow, unmapped
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.fleet_waiting import given_answer, until_unblocked
from flows.safety import restored_first
from flows.start import fleet_started
from flows.target_choice import TargetName
from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.errors import AuditError, ConfigurationError
from ghcr_audit.fleet import Fleet, FleetMode, Row, lost_row, replaced
from ghcr_audit.targets import load_target, target_names
from tasks.failures import redacted, redacting
from tasks.fleet import audit_target, fleet_state, publish_fleet

FLEET_FLOW = "fleet-audit"
AT_ONCE = 12
"""So many targets are audited at the same time by one process; how many log in at once is limited further below."""


_threads: "ThreadPoolTaskRunner[Row]" = ThreadPoolTaskRunner(max_workers=AT_ONCE)


@flow(name=FLEET_FLOW, flow_run_name="fleet {mode}", persist_result=False, task_runner=_threads)  # type: ignore[arg-type]  # a TaskRunner is invariant in its futures
@redacting
def fleet_audit(
    targets: list[TargetName] | None = None,
    *,
    mode: FleetMode = FleetMode.OBSERVE,
    wait_hours: Annotated[float, Field(ge=0, le=720)] = 72,
) -> State[None]:
    """Audit each target up to digest: all of them → (blocked ones: a credential, resumed) → one matrix.

    Args:
        targets: Names of files in deployments/targets. Left out: all of them.
        mode: observe only reads; pull also logs in and pulls. A fleet never drills.
        wait_hours: In mode pull: how long to wait for a credential that is refused; 0: not at all.
    """
    began = fleet_started()
    names = chosen(targets)
    rows = given_answer() or audited(names, mode)
    rows, attempts = until_unblocked(rows, mode, wait_hours)
    fleet = Fleet(mode=mode, rows=rows, attempts=attempts, started_at=began, finished_at=utc_now())
    return fleet_state(publish_fleet(fleet))


def chosen(targets: list[str] | None) -> tuple[str, ...]:
    """The names, each once and in order.

    Raises:
        ConfigurationError: there is no target at all.
    """
    names = tuple(sorted(set(targets if targets is not None else target_names(targets_folder()))))
    if not names:
        raise ConfigurationError(
            f"fleet: there is no target (looked in {targets_folder()})",
            hint="`ghcr-audit init user@host` looks at a host and writes a target file.",
        )
    return names


def audited(names: tuple[str, ...], mode: FleetMode) -> tuple[Row, ...]:
    """One row for each target, whatever became of its audit."""
    _restored_first(names, mode)
    futures = audit_target.map(list(names), unmapped(mode.of_audit))
    return replaced((), (_row(name, future) for name, future in zip(names, futures, strict=True)))


def _restored_first(names: tuple[str, ...], mode: FleetMode) -> None:
    """Hosts on which a drill was left open, several at a time; a target that cannot be read is told by its row."""

    def restore(name: str) -> None:
        with suppress(AuditError):
            restored_first(load_target(name, targets_folder()), mode.of_audit, str(flow_run.id))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for one in [pool.submit(copy_context().run, restore, name) for name in names]:
            one.result()


def _row(name: str, future: PrefectFuture[Row]) -> Row:
    found = future.result(raise_on_failure=False)
    if isinstance(found, Row):
        return found
    return lost_row(name, redacted(f"the audit itself failed: {found}"), at=utc_now())
