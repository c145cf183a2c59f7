"""Why the registry refuses the host. The stage that refuses tells most (docs/causes.md, What ghcr.io answers).

The token endpoint refuses a credential it does not know; the manifest endpoint refuses one that it knows but that
may not read this package. Without the credential the same image may well be readable: then it is the credential.
"""

from collections.abc import Iterator

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis.remedies import log_in_again, log_out, new_token
from ghcr_audit.evidence import Certainty, Finding, Remedy
from ghcr_audit.facts import StoredCredential
from ghcr_audit.links import auth
from ghcr_audit.views import HOST, HOST_ANONYMOUS, Access, Answered, answered, view

_UNSUPPORTED = {"github_pat_": "fine-grained personal access token", "ghs_": "app installation token"}


def credential(audit: Audit) -> Iterator[Finding]:
    """The cause of a refusal, from the token's kind, the stage that refused, and the registry's words."""
    stored = facts.stored_credential(audit.newest("host.credential"))
    broken = _unusable(audit, stored) if stored is not None else None
    if broken is not None:
        yield broken
    found, key = auth.host_access(audit)
    if found.access is not Access.REFUSED:
        return
    if key != HOST_ANONYMOUS:
        yield _refused(audit, found, stored)
    elif broken is None:  # else it is not missing: docker cannot get at it
        yield _missing(audit, found)


def login(audit: Audit) -> Iterator[Finding]:
    """The new credential was refused at `docker login` already."""
    observation = audit.newest("auth.login")
    if observation is not None and not observation.ok and "denied" in observation.stderr:
        cause, text = Cause.CREDENTIAL_INVALID_OR_EXPIRED, "The registry refused the new credential at docker login."
        yield _proven(audit, cause, text, evidence=("auth.login",), remedy=new_token(audit.target))


def _subject(audit: Audit) -> str:
    return f"credential of {audit.target.where} for {audit.target.image_ref.registry}"


def _proven(audit: Audit, cause: Cause, summary: str, *, evidence: tuple[str, ...], remedy: Remedy) -> Finding:
    return Finding(
        cause=cause,
        certainty=Certainty.PROVEN,
        subject=_subject(audit),
        summary=summary,
        evidence_for=audit.keys(*evidence),
        remedy=remedy,
    )


def _unusable(audit: Audit, stored: StoredCredential) -> Finding | None:
    cited, remedy = ("host.credential",), log_in_again(audit.target)
    if stored.state == "damaged":
        text = f"{stored.config} is no valid JSON: docker goes on without any credential."
        return _proven(audit, Cause.CONFIG_JSON_CORRUPT, text, evidence=cited, remedy=remedy)
    if stored.source.startswith(("helper-missing", "helper-failed")):
        text = f"Docker cannot get at its credential: {stored.told}."
        return _proven(audit, Cause.CREDENTIAL_HELPER_BROKEN, text, evidence=cited, remedy=remedy)
    return None


def _missing(audit: Audit, found: Answered) -> Finding:
    text = f"The host's docker has no credential for the registry, and without one the image is refused ({found.told})."
    cited = ("host.credential", HOST_ANONYMOUS)
    return _proven(audit, Cause.CREDENTIAL_MISSING, text, evidence=cited, remedy=new_token(audit.target))


def _refused(audit: Audit, found: Answered, stored: StoredCredential | None) -> Finding:
    cause, certainty, why = _by_stage(found, stored.kind if stored else "")
    public = answered(view(audit, HOST_ANONYMOUS), audit.tag).access is Access.READABLE
    remedy = log_out(audit.target) if public else _remedy_for(audit, cause, stored)
    if public:
        why += " Without any credential the same image is readable: the stored one only stands in the way."
    who = f"The stored credential ({stored.told})" if stored else "The stored credential"
    text = f"{who} is refused: {why} The registry's words: {found.told.rstrip('.')}."
    cited = (HOST, "host.credential", HOST_ANONYMOUS, "pull.tag")
    finding = _proven(audit, cause, text, evidence=cited, remedy=remedy)
    return finding.model_copy(update={"certainty": certainty})


def _by_stage(found: Answered, kind: str) -> tuple[Cause, Certainty, str]:
    if found.stage == "token":
        why = "the token endpoint does not know it - expired, revoked, or mistyped."
        return Cause.CREDENTIAL_INVALID_OR_EXPIRED, Certainty.PROVEN, why
    if kind in _UNSUPPORTED:
        why = f"the registry does not serve packages to a {_UNSUPPORTED[kind]}."
        return Cause.TOKEN_TYPE_UNSUPPORTED, Certainty.LIKELY, why
    if "scope" in found.message.lower():
        why = "it is valid, but lacks the scope read:packages."
        return Cause.TOKEN_SCOPE_INSUFFICIENT, Certainty.PROVEN, why
    if "read_package" in found.message:
        why = "it is valid, but its user has no access to this package."
        return Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS, Certainty.PROVEN, why
    why = "the token endpoint accepts it, the package does not: scope or package access is missing."
    return Cause.TOKEN_SCOPE_INSUFFICIENT, Certainty.POSSIBLE, why


def _remedy_for(audit: Audit, cause: Cause, stored: StoredCredential | None) -> Remedy:
    if cause is Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS:
        image = audit.target.image_ref
        return Remedy(
            text=f"Give {audit.target.registry_user} read access: package {image.repository} on GitHub, Package "
            "settings, Manage access; in an organisation with SAML SSO also authorise the token (Configure SSO)."
        )
    gh_token = stored is not None and stored.kind == "gho_" and cause is Cause.TOKEN_SCOPE_INSUFFICIENT
    return new_token(audit.target, gh_token=gh_token)
