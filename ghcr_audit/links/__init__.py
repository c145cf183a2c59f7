"""The links of the chain, each with what it claims. Pure: claims follow from observations alone.

What judges a drill is imported when there was one: a check starts without it.
"""

from collections.abc import Callable

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Link, Mode
from ghcr_audit.links import auth, digest, preflight, pull
from ghcr_audit.report.model import LinkState


def _deploy(audit: Audit) -> tuple[Claim, ...]:
    from ghcr_audit.links import deploy

    return deploy.claims(audit)


def _rollback(audit: Audit) -> tuple[Claim, ...]:
    from ghcr_audit.links import rollback

    return rollback.claims(audit)


_CLAIMS: dict[Link, Callable[[Audit], tuple[Claim, ...]]] = {
    Link.PREFLIGHT: preflight.claims,
    Link.AUTH: auth.claims,
    Link.PULL: pull.claims,
    Link.DIGEST: digest.claims,
    Link.DEPLOY: _deploy,
    Link.ROLLBACK: _rollback,
}


def link_state(audit: Audit, link: Link) -> LinkState:
    """One link's claims, or why it was not walked."""
    reason = _not_run(audit, link)
    return LinkState(link=link, not_run=reason) if reason else LinkState(link=link, claims=_CLAIMS[link](audit))


def chain(audit: Audit) -> tuple[LinkState, ...]:
    """All links in order."""
    return tuple(link_state(audit, link) for link in Link)


def claims(audit: Audit) -> tuple[Claim, ...]:
    """All claims of the links that this mode walks: what was not observed is unknown, not left out."""
    return tuple(claim for state in chain(audit) for claim in state.claims)


def _not_run(audit: Audit, link: Link) -> str:
    if link in (Link.DEPLOY, Link.ROLLBACK):
        return _not_drilled(audit, link)
    if link is Link.PULL and audit.mode is Mode.OBSERVE:
        return "mode observe does not pull"
    return ""


def _not_drilled(audit: Audit, link: Link) -> str:
    if audit.mode is not Mode.DRILL:
        return f"mode {audit.mode.value} does not deploy or roll back"
    if not _looked(audit) and auth.refused(audit):
        return "the registry refuses the host's credential: nothing is deployed"
    return _not_rolled_back(audit) if link is Link.ROLLBACK else ""


def _not_rolled_back(audit: Audit) -> str:
    from ghcr_audit.links import conditions

    if conditions.begun(audit) or not (found := conditions.refused(audit)):
        return ""
    told = f"the drill was refused: {found[0].statement}: {found[0].is_}"
    return told if _looked(audit) else "nothing was deployed"


def _looked(audit: Audit) -> bool:
    """Whether the drill's conditions were looked at."""
    return audit.newest("before.lease") is not None
