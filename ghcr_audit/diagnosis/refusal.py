"""Why the registry refuses the host. The stage that refuses tells most (docs/causes.md, What ghcr.io answers).

The token endpoint refuses a credential it does not know; the manifest endpoint refuses one that it knows but that
may not read this package. Without the credential the same image may well be readable: then it is the credential.
What the controller's own credential is answered meanwhile is weighed in own_credential.py.
"""

from collections.abc import Iterator

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis.known_token import Refusal, Why, known_why
from ghcr_audit.diagnosis.own_credential import beside, refused_alike, speaks, surer
from ghcr_audit.diagnosis.remedies import log_in_again, log_out, login_command, new_token
from ghcr_audit.diagnosis.stage import by_stage
from ghcr_audit.evidence import Certainty, Finding, Remedy
from ghcr_audit.facts import StoredCredential
from ghcr_audit.links import auth
from ghcr_audit.registry.views import HOST, HOST_ANONYMOUS, Access, Answered, answered, view
from ghcr_audit.token_facts import HOST_TOKEN, token_facts


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
        yield _missing(audit, found, stored)


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


def _missing(audit: Audit, found: Answered, stored: StoredCredential | None) -> Finding:
    """A login beside the one that docker reads is no missing login."""
    cited = ("host.credential", HOST_ANONYMOUS)
    if stored is not None and stored.elsewhere:
        text = (
            f"Docker reads {stored.config} and finds no credential for the registry there; {stored.elsewhere} has one. "
            f"Without one the image is refused ({found.told})."
        )
        remedy = Remedy(
            text=f"Log in with the configuration that docker reads there, {stored.config}; or lead docker to "
            f"{stored.elsewhere} (DOCKER_CONFIG, HOME, sudo).",
            commands=(login_command(audit.target),),
        )
        return _proven(audit, Cause.WRONG_USER_CONFIG, text, evidence=cited, remedy=remedy)
    text = f"The host's docker has no credential for the registry, and without one the image is refused ({found.told})."
    return _proven(audit, Cause.CREDENTIAL_MISSING, text, evidence=cited, remedy=new_token(audit.target))


def _refused(audit: Audit, found: Answered, stored: StoredCredential | None) -> Finding:
    public = answered(view(audit, HOST_ANONYMOUS), audit.tag).access is Access.READABLE
    why = _known_why(audit, found) or by_stage(found, stored.kind if stored else "", alike=refused_alike(audit))
    why = why if public else surer(audit, why)
    text = why.text
    remedy = log_out(audit.target) if public else _remedy_for(audit, why.cause, stored)
    if public:
        text += " Without any credential the same image is readable: the stored one only stands in the way."
    who = f"The stored credential ({stored.told})" if stored else "The stored credential"
    summary = f"{who} is refused: {text} The registry's words: {found.told.rstrip('.')}."
    summary = " ".join(filter(None, (summary, "" if public else beside(audit, why))))
    cited = (HOST, "host.credential", HOST_TOKEN, HOST_ANONYMOUS, *(() if public else speaks(audit)), "pull.tag")
    finding = _proven(audit, why.cause, summary, evidence=cited, remedy=remedy)
    return finding.model_copy(update={"certainty": why.certainty})


def _known_why(audit: Audit, found: Answered) -> Why | None:
    """What GitHub's API knows of the token goes first: the registry says less."""
    asked = audit.newest(HOST_TOKEN)
    token = token_facts(asked)
    if asked is None or token is None:
        return None
    return known_why(Refusal(found=found, token=token, seen_at=asked.observed_at))


def _remedy_for(audit: Audit, cause: Cause, stored: StoredCredential | None) -> Remedy:
    if cause is Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS:
        image = audit.target.image_ref
        return Remedy(
            text=f"Give {audit.target.registry_user} read access: package {image.repository} on GitHub, Package "
            "settings, Manage access; in an organisation with SAML SSO also authorise the token (Configure SSO)."
        )
    if cause is Cause.SSO_NOT_AUTHORIZED:
        return Remedy(
            text="Authorise the stored token: GitHub, Settings, Developer settings, Personal access tokens, Tokens "
            f"(classic), Configure SSO beside it, Authorize for {_owner(audit)}. No new token is needed."
        )
    if cause is Cause.IP_ALLOW_LIST:
        return Remedy(
            text=f"Let an owner of the organisation {_owner(audit)} add the address that the host has on the internet "
            "to its IP allow list (organisation settings, Authentication security)."
        )
    gh_token = stored is not None and stored.kind == "gho_" and cause is Cause.TOKEN_SCOPE_INSUFFICIENT
    return new_token(audit.target, gh_token=gh_token)


def _owner(audit: Audit) -> str:
    return audit.target.image_ref.repository.partition("/")[0]
