"""Auth: the registry serves this image to the host's credential."""

from ghcr_audit.adapters import walk
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Link
from tasks.link import link_task


@link_task(Link.AUTH)
def auth(audit: Audit) -> Audit:
    """Ask the registry from the host, with its credential and without."""
    return walk.auth(audit)
