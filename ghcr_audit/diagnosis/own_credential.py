"""The controller's own credential beside the host's: what the two answers say together, and what is wrong with it.

Read elsewhere: the image is there, and only the host is refused. Refused alike: more likely the package's owner than
one token. Refused by itself: that is said, and nothing is concluded from it. What it is told of missing tags counts
where all claims about the registry are judged (registry/views.py).
"""

import shlex
from collections.abc import Iterator
from dataclasses import replace

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.diagnosis.known_token import Why
from ghcr_audit.diagnosis.stage import by_stage
from ghcr_audit.evidence import Finding, Remedy
from ghcr_audit.registry.views import (
    CONTROLLER,
    CONTROLLER_CREDENTIAL,
    HOST,
    HOST_ANONYMOUS,
    Access,
    Answered,
    answered,
    view,
)

_FORBIDDEN = 403
_UNAUTHORIZED = 401
_SERVED = (Access.READABLE, Access.ABSENT)


def findings(audit: Audit) -> Iterator[Finding]:
    """What is wrong with the controller's own credential itself."""
    asked = audit.newest(CONTROLLER_CREDENTIAL)
    if asked is not None and asked.failure is not None:
        text, _, hint = asked.failure_text.partition("\n")
        why = Why(cause=asked.failure, certainty=Certainty.PROVEN, text=f"{text}.")
        yield _finding(audit, why, hint)
    elif (refused := _why_refused(audit)) is not None:
        words = f"{refused.text} The registry's words: {_answer(audit).told.rstrip('.')}."
        text = f"The controller's own credential is refused: {words} It tells nothing about the host's."
        yield _finding(audit, replace(refused, text=text), "")


def surer(audit: Audit, why: Why) -> Why:
    """Why the host is refused: a token endpoint that serves the controller's own credential is not at fault."""
    wavers = why.cause is Cause.CREDENTIAL_INVALID_OR_EXPIRED and why.certainty is Certainty.POSSIBLE
    serves = _answer(audit).access in _SERVED
    return replace(why, certainty=Certainty.LIKELY) if wavers and serves else why


def beside(audit: Audit, why: Why) -> str:
    """What the controller's own credential was answered at the same time, as a sentence; '' where that says nothing."""
    own = _answer(audit)
    if own.access is Access.READABLE:
        return "The controller's own credential reads this very image: it is there, and only the host is refused."
    if own.access is Access.ABSENT:
        return f"Behind the refusal the image is missing, too: the controller's own credential is told so ({own.told})."
    return _of_both(why) if refused_alike(audit) else ""


def speaks(audit: Audit) -> tuple[str, ...]:
    """The observation to cite where it says something about the host's refusal."""
    tells = _answer(audit).access in _SERVED or refused_alike(audit)
    return (CONTROLLER_CREDENTIAL,) if tells else ()


def refused_alike(audit: Audit) -> bool:
    """Whether host and controller are refused at the same endpoint, with 403 and in the same words.

    Not where anybody may read the image without a credential: then each of the two stands in its own way.
    """
    own, host = _answer(audit), answered(view(audit, HOST), audit.tag)
    public = any(answered(view(audit, key), audit.tag).access in _SERVED for key in (HOST_ANONYMOUS, CONTROLLER))
    return not public and own.status == _FORBIDDEN and own.access is Access.REFUSED and own == host


def _of_both(why: Why) -> str:
    if why.cause is Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS:
        return "The controller's own credential is refused alike: rather the package's access than one token."
    if why.certainty is Certainty.PROVEN:
        return ""
    return "The controller's own credential is refused alike: both have ended, or the refusal is the package owner's."


def _answer(audit: Audit) -> Answered:
    return answered(view(audit, CONTROLLER_CREDENTIAL), audit.tag)


def _why_refused(audit: Audit) -> Why | None:
    """None also where the registry refused before any credential was sent."""
    own, seen = _answer(audit), view(audit, CONTROLLER_CREDENTIAL)
    if own.access is not Access.REFUSED or seen is None:
        return None
    if seen.token is not None:
        return by_stage(own, alike=refused_alike(audit))
    if own.stage == "manifest" and own.status == _UNAUTHORIZED:
        text = "the registry does not know it - expired, revoked, or mistyped."
        return Why(cause=Cause.CREDENTIAL_INVALID_OR_EXPIRED, certainty=Certainty.PROVEN, text=text)
    return None


def _finding(audit: Audit, why: Why, hint: str) -> Finding:
    registry, path = audit.target.image_ref.registry, audit.target.controller_credential_file or ""
    advice = (
        f"Put a personal access token (classic) of {audit.target.controller_login} with the scope read:packages, which "
        "may read this package, into that file on the machine that audits. The chain itself does not hang on it."
    )
    return Finding(
        cause=why.cause,
        certainty=why.certainty,
        subject=f"the controller's own credential for {registry}",
        summary=why.text,
        evidence_for=(CONTROLLER_CREDENTIAL,),
        remedy=Remedy(text=hint or advice, commands=(f"chmod 600 {_quoted(path)}",) if path else ()),
    )


def _quoted(path: str) -> str:
    """For a shell, which still has to expand the `~` at its beginning."""
    start, slash, rest = path.partition("/")
    return f"{start}/{shlex.quote(rest)}" if start.startswith("~") and slash else shlex.quote(path)
