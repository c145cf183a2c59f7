"""A release that is being published right now: its tag is waited for, where the target says for how long."""

import time

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from ghcr_audit.adapters.appear import POLL_EVERY_S, look_again, waited
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Mode
from ghcr_audit.registry.views import published
from tasks.failures import redacting


def until_published(audit: Audit) -> Audit:
    """Wait for the tag where the registry says that it is not there; a refusal says nothing, and is not waited out."""
    may = audit.mode is not Mode.OBSERVE and audit.target.wait_for_tag_s > 0 and audit.host_failure is None
    return wait_for_tag(audit) if may and published(audit, audit.tag)[0] is False else audit


@task(name="wait for tag", cache_policy=NO_CACHE, persist_result=False)
@redacting
def wait_for_tag(audit: Audit) -> Audit:
    """Ask the registry again and again until it has the tag, or the target's `wait_for_tag_s` are over."""
    limit_s, began, asked = audit.target.wait_for_tag_s, time.monotonic(), 0
    get_run_logger().info(f"waiting up to {limit_s} s for {audit.image}", extra={"ghcr_audit": "tag"})
    while published(audit, audit.tag)[0] is False and time.monotonic() - began < limit_s:
        time.sleep(min(POLL_EVERY_S, limit_s))
        audit, asked = look_again(audit), asked + 1
    seen = waited(audit, seconds=round(time.monotonic() - began), asked=asked)
    get_run_logger().info(seen.stdout, extra={"ghcr_audit": "tag"})
    return audit.seeing(seen)
