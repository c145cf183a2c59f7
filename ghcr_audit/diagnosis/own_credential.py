"""The controller's own credential beside the host's: what the two answers say together, and what is wrong with it.

Read elsewhere: the image is there, and only the host is refused. Refused alike: more likely the package's owner than
one token. Refused by itself: that is said, and nothing is concluded from it. What it is told of missing tags counts
where all claims about the registry are judged (views.py).
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
from ghcr_audit.views import CONTROLLER_CREDENTIAL, HOST, Access, Answered, answered, view

_FORBIDDEN = 403
_UNAUTHORIZED = 401


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


def seen_elsewhere(audit: Audit, why: Why) -> Why:
    """Why the host is refused, with what the controller's own credential was answered at the same time."""
    own = _answer(audit)
    if own.access is Access.READABLE:
        text = "The controller's own credential reads this very image: it is there, and only the host is refused."
        wavers = why.cause is Cause.CREDENTIAL_INVALID_OR_EXPIRED and why.certainty is Certainty.POSSIBLE
        return replace(_with(why, text), certainty=Certainty.LIKELY if wavers else why.certainty)
    if own.access is Access.ABSENT:
        text = f"Behind the refusal it is not there either, as the controller's own credential is told ({own.told})."
        return _with(why, text)
    return _with(why, _points_to(why)) if refused_alike(audit) else why


def speaks(audit: Audit) -> tuple[str, ...]:
    """The observation to cite where it says something about the host's refusal."""
    tells = _answer(audit).access in (Access.READABLE, Access.ABSENT) or refused_alike(audit)
    return (CONTROLLER_CREDENTIAL,) if tells else ()


def refused_alike(audit: Audit) -> bool:
    """Whether host and controller are refused at the same endpoint, with 403 and in the same words."""
    own, host = _answer(audit), answered(view(audit, HOST), audit.tag)
    return own.status == _FORBIDDEN and own.access is Access.REFUSED and own == host


def _points_to(why: Why) -> str:
    if why.cause is Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS:
        return "The controller's own credential is refused alike: rather the package's access than one token."
    if why.certainty is Certainty.PROVEN:
        return ""
    return "The controller's own credential is refused alike: both have ended, or the refusal is the package owner's."


def _with(why: Why, text: str) -> Why:
    return replace(why, text=f"{why.text} {text}") if text else why


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
