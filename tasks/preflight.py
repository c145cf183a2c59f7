"""Preflight: the release exists, and the host is reached, sound and at rest."""

from ghcr_audit.adapters import walk
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Link
from tasks.link import link_task


@link_task(Link.PREFLIGHT)
def preflight(audit: Audit) -> Audit:
    """Look at repository, registry and host."""
    return walk.preflight(audit.anew())
