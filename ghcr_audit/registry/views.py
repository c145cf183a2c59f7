"""What each vantage point of one audit saw of the registry, and what they prove together."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.registry.view import RegistryView, parse_view

HOST, HOST_ANONYMOUS = "registry.host", "registry.host_anonymous"
CONTROLLER, OPERATOR = "registry.controller", "registry.operator"
CONTROLLER_CREDENTIAL = "registry.controller_credential"

BY_TRUST = (HOST, OPERATOR, CONTROLLER_CREDENTIAL, CONTROLLER, HOST_ANONYMOUS)
"""Whose word goes first: the host's own is the one that deploys."""

_PULLS = ("pull.tag", "pull.latest")
"""The engine's word comes after them all: it shows what was pulled, and cannot tell that something is not there."""

_NO_REPOSITORY = "NAME_UNKNOWN"


class Access(StrEnum):
    """How the registry answers a vantage point about one reference."""

    READABLE = "readable"
    REFUSED = "refused"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Access to one reference from one vantage point, and where on the way it was decided."""

    access: Access
    told: str
    stage: str = ""
    """`token` or `manifest`: which endpoint refused."""
    status: int | None = None
    code: str = ""
    message: str = ""


def view(audit: Audit, key: str) -> RegistryView | None:
    """The view observed under `key`; None when nobody looked or looking failed."""
    observation = audit.newest(key)
    if observation is None or not observation.ok or lacks(audit, key):
        return None
    return _parsed(observation.stdout, observation.cut)


@lru_cache(maxsize=16)
def _parsed(text: str, cut: bool) -> RegistryView:
    """Every claim asks for the same few views."""
    return parse_view(text, truncated=cut)


def lacks(audit: Audit, key: str) -> str:
    """What the host lacked to look at the registry (`curl`, `credential`), or ''."""
    observation = audit.newest(key)
    first = observation.stdout.partition("\n")[0] if observation is not None else ""
    return first.removeprefix("lacks ") if first.startswith("lacks ") else ""


def answered(seen: RegistryView | None, reference: str) -> Answered:
    """How this view answers about `reference`."""
    if seen is None:
        return Answered(access=Access.UNKNOWN, told="not asked")
    return _manifest_answer(seen, reference) or _token_answer(seen)


def _manifest_answer(seen: RegistryView, reference: str) -> Answered | None:
    answer = seen.manifest(reference)
    if answer is None or (seen.token is not None and seen.token.status in (401, 403)):
        return None
    told = f"manifest {answer.status} {answer.error_code or ''} {answer.message}".strip()
    access = Access.UNKNOWN
    if answer.readable:
        access, told = Access.READABLE, f"manifest 200, {answer.digest}"
    elif answer.refused:
        access = Access.REFUSED
    elif answer.absent:
        access = Access.ABSENT
    elif answer.status is None:
        told = f"no answer ({answer.failure})"
    return Answered(
        access=access,
        told=told,
        stage="manifest",
        status=answer.status,
        code=answer.error_code or "",
        message=answer.message,
    )


def _token_answer(seen: RegistryView) -> Answered:
    token = seen.token or seen.challenge
    if token is None:
        return Answered(access=Access.UNKNOWN, told="no answer")
    if token.realm_refused:
        return Answered(
            access=Access.UNKNOWN, told="the registry names a foreign token host: nothing was sent", stage="token"
        )
    if token.status is None:
        return Answered(access=Access.UNKNOWN, told=f"no answer ({token.failure})", stage="token")
    refused = token.status in (401, 403)
    who = "token endpoint" if seen.token is not None else "registry"
    return Answered(
        access=Access.REFUSED if refused else Access.UNKNOWN,
        told=f"{who} {token.status} {token.error_code or ''} {token.message}".strip(),
        stage="token",
        status=token.status,
        code=token.error_code or "",
        message=token.message,
    )


def digest_in_registry(audit: Audit, reference: str) -> tuple[str | None, tuple[str, ...]]:
    """The manifest digest the registry serves for `reference`, and the observations that say so."""
    for key in BY_TRUST:
        seen = view(audit, key)
        answer = seen.manifest(reference) if seen else None
        if answer is not None and answer.readable:
            return answer.digest, (key,)
    for key in _pulls_of(audit, reference):
        return facts.pulled_digest(audit.newest(key)), (key,)
    return None, audit.keys(*BY_TRUST)


def published(audit: Audit, tag: str) -> tuple[bool | None, tuple[str, ...]]:
    """Whether the registry has `tag`: any vantage point that can tell; None when none can."""
    for key in BY_TRUST:
        seen = view(audit, key)
        told = seen.published(tag) if seen else None
        if told is not None:
            return told, (key,)
    if pulls := _pulls_of(audit, tag):
        return True, pulls
    return None, audit.keys(*BY_TRUST)


def _pulls_of(audit: Audit, tag: str) -> tuple[str, ...]:
    """The pulls of this tag that succeeded, one at most."""
    pulls = zip(_PULLS, (audit.tag, "latest"), strict=True)
    return tuple(key for key, pulled in pulls if pulled == tag and facts.pulled_digest(audit.newest(key)))[:1]


def repository_unknown(audit: Audit) -> tuple[str, ...]:
    """The vantage points that were told there is no such repository at all: its name is wrong, not the tag.

    None where one that is trusted more knows the repository: the others are told so as they may not see it.
    """
    told = tuple(key for key in BY_TRUST if _NO_REPOSITORY in _codes(view(audit, key), audit.tag))
    there, by = published(audit, audit.tag)
    return told if there is None or set(told) & set(by) else ()


def _codes(seen: RegistryView | None, tag: str) -> tuple[str | None, ...]:
    answers = (seen.manifest(tag), seen.tags) if seen else ()
    return tuple(answer.error_code for answer in answers if answer is not None)


def hidden(audit: Audit) -> bool:
    """Whether some vantage point was refused: what it would have seen may be there or not."""
    return any(answered(view(audit, key), audit.tag).access is Access.REFUSED for key in BY_TRUST)


def references(audit: Audit) -> tuple[str, ...]:
    """Every reference that some vantage point asked about."""
    seen = (view(audit, key) for key in BY_TRUST)
    return tuple(dict.fromkeys(answer.reference for one in seen if one for answer in one.manifests))
