"""The audit of one release on one target, link by link."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.start import started
from flows.waiting import FLOW_NAME, until_accepted
from ghcr_audit.evidence import Mode
from ghcr_audit.targets import NAME_PATTERN
from tasks.auth import auth
from tasks.digest import digest
from tasks.preflight import preflight
from tasks.publish import final_state, publish
from tasks.pull import pull


@flow(name=FLOW_NAME, flow_run_name="{target} {mode}", persist_result=False)
def release_audit(
    target: Annotated[str, Field(title="Target", description="A file in deployments/targets.", pattern=NAME_PATTERN)],
    tag: Annotated[str | None, Field(title="Tag", description="Left out: the newest release tag.")] = None,
    mode: Annotated[
        Mode, Field(title="Mode", description="observe only reads; pull also logs in and pulls.")
    ] = Mode.OBSERVE,
    wait_hours: Annotated[float, Field(title="Hours to wait for a new credential", ge=0, le=720)] = 72,
) -> State[None]:
    """Walk the chain: preflight → auth → (blocked, resumed) → pull → digest → deploy* → rollback* → publish.

    (*: not in this version; the report shows both as not run.)
    """
    audit = started(target, tag, mode)
    audit = preflight(audit)
    audit = auth(audit)
    audit = until_accepted(audit, wait_hours)
    audit = pull(audit)
    audit = digest(audit)
    return final_state(publish(audit))
