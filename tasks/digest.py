"""Digest: registry, host and running container agree."""

from ghcr_audit.adapters import walk
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Link
from tasks.link import link_task


@link_task(Link.DIGEST)
def digest(audit: Audit) -> Audit:
    """Look at what runs now."""
    return walk.digest(audit)
