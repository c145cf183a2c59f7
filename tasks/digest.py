"""Digest: registry, host and running container agree."""

from ghcr_audit.adapters import walk
from ghcr_audit.audit import Audit
from ghcr_audit.drill.healthy import healthy_release
from ghcr_audit.evidence import Link
from tasks.journals import remember_healthy
from tasks.link import link_task


@link_task(Link.DIGEST)
def digest(audit: Audit) -> Audit:
    """Look at what runs now; a release that is healthy is one to roll back to, later."""
    audit = walk.digest(audit)
    if release := healthy_release(audit):
        remember_healthy(audit.target.name, release)
    return audit
