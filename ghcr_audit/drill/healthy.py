"""Which release an audit saw healthy: what a later drill may roll back to with some trust."""

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Outcome
from ghcr_audit.links import claims
from ghcr_audit.links.digest import running

_NEEDED = ("preflight.container_runs", "preflight.healthy", "digest.running_is_release")


def healthy_release(audit: Audit) -> str | None:
    """The published release that was seen running, and healthy; None where one of these was not seen."""
    held = {claim.key for claim in claims(audit) if claim.outcome is Outcome.HOLDS}
    return running(audit).release if held.issuperset(_NEEDED) else None
