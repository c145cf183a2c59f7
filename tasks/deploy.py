"""Deploy: the target's own deploy command brings the release up, healthy, as the compose file says."""

from ghcr_audit.adapters import drill
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Link, Mode
from tasks.journals import PrefectJournals
from tasks.link import link_task


@link_task(Link.DEPLOY)
def deploy(audit: Audit) -> Audit:
    """In mode drill. Tried again only while nothing was changed: HostError leaves the drill before its journal."""
    return drill.deploy(audit, PrefectJournals()) if audit.mode is Mode.DRILL else audit
