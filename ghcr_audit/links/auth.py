"""Auth: the registry serves this very image to the credential that the host's docker would send.

`Login Succeeded` proves nothing (GitHub hands out tokens for packages it then refuses); the manifest does.
"""

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.links import lasting
from ghcr_audit.links.claim import claim_of
from ghcr_audit.links.pull import pulled
from ghcr_audit.registry.views import HOST, HOST_ANONYMOUS, Access, Answered, answered, lacks, view

_claim = claim_of("auth")

_OUTCOMES = {
    Access.READABLE: Outcome.HOLDS,
    Access.ABSENT: Outcome.HOLDS,
    Access.REFUSED: Outcome.BROKEN,
    Access.UNKNOWN: Outcome.UNKNOWN,
}


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Everything auth states, judged from what was observed so far."""
    return (_credential_known(audit), _image_readable(audit), *lasting.claims(audit), *_login(audit))


def refused(audit: Audit) -> bool:
    """True when the registry refuses the host, which can still be reached: only a new credential helps."""
    return audit.host_failure is None and _image_readable(audit).outcome is Outcome.BROKEN


def _credential_known(audit: Audit) -> Claim:
    stored = facts.stored_credential(audit.newest("host.credential"))
    outcome, told = Outcome.UNKNOWN, "not seen"
    if stored is not None:
        readable = stored.state in ("present", "absent") and not stored.source.startswith(("helper-", "identity"))
        outcome, told = Outcome.HOLDS if readable else Outcome.UNKNOWN, stored.told
    registry = audit.target.image_ref.registry
    return _claim(
        audit,
        "credential_known",
        f"It is known what the host's docker sends to {registry}",
        outcome,
        told,
        weight=Weight.ADVISORY,
        evidence=("host.credential",),
    )


def host_access(audit: Audit) -> tuple[Answered, str]:
    """How the registry answers the host as docker would ask it, and the observation that says so.

    Docker goes on without a credential where it finds none (also with a damaged config, or a helper that is not
    there). One that docker may have, but this audit cannot read, stays unknown.
    """
    if lacks(audit, HOST) == "credential":
        stored = facts.stored_credential(audit.newest("host.credential"))
        if stored is not None and (stored.source == "identitytoken" or stored.state == "unreadable"):
            told = f"what docker sends cannot be read here ({stored.told})"
            return Answered(access=Access.UNKNOWN, told=told), HOST
        return answered(view(audit, HOST_ANONYMOUS), audit.tag), HOST_ANONYMOUS
    return answered(view(audit, HOST), audit.tag), HOST


def _image_readable(audit: Audit) -> Claim:
    found, key = host_access(audit)
    outcome, told = _OUTCOMES[found.access], _told(found, key)
    evidence: tuple[str, ...] = (*dict.fromkeys((HOST, key)), "host.credential")
    if lacks(audit, key) == "curl":
        told = "the host has no curl, so the registry's answer to its credential was not seen"
    if outcome is Outcome.UNKNOWN and (by_engine := pulled(audit, "pull.tag")) is not None:
        outcome, evidence = (Outcome.HOLDS if by_engine else Outcome.UNKNOWN), (*evidence, "pull.tag")
        told = f"{told}; the engine {'pulled it' if by_engine else 'could not pull it either'}"
    return _claim(
        audit,
        "image_readable",
        f"The registry serves {audit.image} to the host's docker",
        outcome,
        told,
        weight=Weight.GATE,
        evidence=evidence,
    )


def _told(found: Answered, key: str) -> str:
    how = " without any credential" if key == HOST_ANONYMOUS else ""
    if found.access is Access.ABSENT:
        return f"not refused{how}, but the registry says that it is not there: {found.told}"
    if found.access is Access.UNKNOWN:
        return found.told
    served = found.access is Access.READABLE
    return f"readable{how}: {found.told}" if served else f"refused{how}: {found.told}"


def _login(audit: Audit) -> tuple[Claim, ...]:
    """Only where a credential was handed over. Advisory: whether the image is then served is the gate."""
    login = audit.newest("auth.login")
    if login is None and not audit.attempts:
        return ()
    outcome, told = Outcome.UNKNOWN, "not tried" + "".join(f": {one.outcome}" for one in audit.attempts[-1:])
    if login is not None:
        words = (login.stdout if login.ok else login.stderr or login.stdout).strip().splitlines()
        told = words[-1][:200] if words else f"exit code {login.exit_code}"
        outcome = Outcome.HOLDS if login.ok else Outcome.BROKEN
    statement = "The host logged in with the new credential"
    weight = Weight.ADVISORY
    return (_claim(audit, "login", statement, outcome, told, weight=weight, evidence=("auth.login",)),)
