"""The audit of one release on one target, link by link."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.other_runs import explained
from flows.safety import drilling, restore_host, restored_first
from flows.start import started
from flows.target_choice import TargetName
from flows.waiting import FLOW_NAME, until_accepted
from ghcr_audit.adapters.begin import FORCE_PATTERN, DrillWishes
from ghcr_audit.evidence import Mode
from tasks.appearing import until_published
from tasks.auth import auth
from tasks.deploy import deploy
from tasks.digest import digest
from tasks.failures import redacting
from tasks.preflight import preflight
from tasks.publish import final_state, publish
from tasks.pull import pull
from tasks.rollback import rollback


@flow(
    name=FLOW_NAME,
    flow_run_name="{target} {mode}",
    persist_result=False,
    on_failure=[restore_host],
    on_crashed=[restore_host],
    on_cancellation=[restore_host],
)
@redacting
def release_audit(
    target: TargetName,
    *,
    tag: str | None = None,
    mode: Mode = Mode.OBSERVE,
    wait_hours: Annotated[float, Field(ge=0, le=720)] = 72,
    rollback_to: str | None = None,
    force: Annotated[str | None, Field(pattern=FORCE_PATTERN)] = None,
) -> State[None]:
    """Walk the chain: preflight → auth → (blocked, resumed) → pull → digest → deploy → rollback → publish.

    Args:
        target: The name of a file in deployments/targets.
        tag: The release to audit. Left out: the newest release tag.
        mode: observe only reads; pull also logs in and pulls; drill also deploys and rolls back, where the target
            allows it, and puts the host back.
        wait_hours: How long to wait for a new credential, where the host's is refused; 0: not at all.
        rollback_to: Of a drill: the release to go back to. Left out: the one that runs now.
        force: Of a drill: why it is right although the host is not as it should be; it stands in the report.
    """
    audit = started(target, tag, mode, DrillWishes(rollback_to=rollback_to, force=force))
    restored_first(audit.target, audit.mode, audit.run)
    audit = preflight(audit)
    audit = auth(audit)
    audit = until_accepted(audit, wait_hours)
    audit = until_published(audit)
    audit = pull(audit)
    audit = digest(audit)
    with drilling(audit):
        audit = deploy(audit)
        audit = rollback(audit)
    return final_state(explained(publish(audit)))
