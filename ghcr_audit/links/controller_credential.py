"""The controller's own credential, where the target names one: whether this vantage point can tell anything.

Advisory: the chain does not hang on it. What it sees counts in every claim about the registry (registry/views.py).
"""

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.links.claim import claim_of
from ghcr_audit.registry.views import CONTROLLER_CREDENTIAL, Access, answered, view

_claim = claim_of("preflight")

_OUTCOMES = {
    Access.READABLE: Outcome.HOLDS,
    Access.ABSENT: Outcome.HOLDS,
    Access.REFUSED: Outcome.BROKEN,
    Access.UNKNOWN: Outcome.UNKNOWN,
}


def claims(audit: Audit) -> tuple[Claim, ...]:
    """One claim, none where the target names no such credential."""
    if audit.target.controller_credential_file is None:
        return ()
    found = answered(view(audit, CONTROLLER_CREDENTIAL), audit.tag)
    hidden = found.code == "NAME_UNKNOWN"  # said of what is not there, and of what one may not see
    return (
        _claim(
            audit,
            "controller_credential",
            f"The controller's own credential may read {audit.target.image_ref.name}",
            Outcome.UNKNOWN if hidden else _OUTCOMES[found.access],
            _reason(audit) or f"{found.access}: {found.told}",
            weight=Weight.ADVISORY,
            evidence=(CONTROLLER_CREDENTIAL,),
        ),
    )


def _reason(audit: Audit) -> str:
    """Why the registry was not asked, '' where it was."""
    asked = audit.newest(CONTROLLER_CREDENTIAL)
    return asked.failure_text.partition("\n")[0] if asked is not None else "the registry was not asked with it"
