"""Why the registry refuses a token of which GitHub's API or the token's own form tells more than the registry does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty
from ghcr_audit.registry.views import Answered
from ghcr_audit.token_facts import TokenFacts

_UNSUPPORTED = {"github_pat_": "fine-grained personal access token", "ghs_": "app installation token"}
"""Kinds that the container registry serves no package to, by their public prefix."""
_FINE_GRAINED = "github_pat_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """A cause of the refusal, how sure it is, and the sentence that says so."""

    cause: Cause
    certainty: Certainty
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the registry said, what is known of the token that it refused, and when that was seen."""

    found: Answered
    token: TokenFacts
    seen_at: datetime

    @property
    def at_once(self) -> bool:
        """The token endpoint refused it: no package was asked for."""
        return self.found.stage == "token"


def unsupported(kind: str, *, at_once: bool) -> str:
    """What a kind that is never served is called, '' for any other.

    An app's own token ends within hours: one that the token endpoint refuses has more likely ended.
    """
    return "" if at_once and kind != _FINE_GRAINED else _UNSUPPORTED.get(kind, "")


def known_why(refusal: Refusal) -> Why | None:
    """The surest reason that the token's facts give; None where they add nothing to the registry's words."""
    return next((why for rule in _RULES if (why := rule(refusal)) is not None), None)


def _over(refusal: Refusal) -> Why | None:
    """GitHub's own word. Right after its end the registry may still know a token."""
    token, ends = refusal.token, refusal.token.expires_at
    if ends is not None and ends < refusal.seen_at:
        return _invalid(Certainty.PROVEN, f"GitHub says that it expired at {ends:%Y-%m-%d %H:%M} UTC.")
    if not token.unknown:
        return None
    text = f"GitHub's API does not know it (401). {_MISTAKES[token.checksum_right]}"
    return _invalid(Certainty.PROVEN if refusal.at_once else Certainty.LIKELY, text)


_MISTYPED = "Its checksum is wrong: it was mistyped, or cut when it was copied."
_MISTAKES = {
    True: "Its checksum is right, so it was not mistyped: it has expired or was revoked.",
    False: _MISTYPED,
    None: "It has expired, was revoked, or was mistyped.",
}


def _mistyped(refusal: Refusal) -> Why | None:
    """Only where nobody accepts it: the form of a token may change, and a right one with it."""
    if refusal.token.checksum_right is False and refusal.at_once and not refusal.token.known:
        return _invalid(Certainty.PROVEN, _MISTYPED)
    return None


def _of_unsupported_kind(refusal: Refusal) -> Why | None:
    """A live token that is refused, of a kind that is never served."""
    kind = unsupported(refusal.token.kind, at_once=refusal.at_once and not refusal.token.known)
    if not kind:
        return None
    if not refusal.token.known:
        return Why(
            cause=Cause.TOKEN_TYPE_UNSUPPORTED,
            certainty=Certainty.LIKELY,
            text=f"the registry does not serve packages to a {kind}.",
        )
    text = f"GitHub's API accepts it, but the registry does not serve packages to a {kind}."
    return Why(cause=Cause.TOKEN_TYPE_UNSUPPORTED, certainty=Certainty.PROVEN, text=text)


def _by_organisation(refusal: Refusal) -> Why | None:
    """GitHub's API names what the registry does not: SAML SSO, an IP allow list."""
    if refusal.token.sso_required:
        text = "it is valid, but not authorised for the organisation, which enforces SAML SSO (GitHub's API says so)."
        return Why(cause=Cause.SSO_NOT_AUTHORIZED, certainty=_sure(refusal), text=text)
    answer = refusal.token.package
    if answer is not None and "ip allow list" in answer.message.lower():
        text = f"it is valid, but the organisation's IP allow list refuses the host: {answer.message.rstrip('.')}."
        return Why(cause=Cause.IP_ALLOW_LIST, certainty=_sure(refusal), text=text)
    return None


def _without_scope(refusal: Refusal) -> Why | None:
    token = refusal.token
    if not token.known or token.reads_packages is not False:
        return None
    scopes = ", ".join(token.scopes or ()) or "none"
    text = f"it is valid, but lacks the scope read:packages; its scopes are: {scopes}."
    return Why(cause=Cause.TOKEN_SCOPE_INSUFFICIENT, certainty=_sure(refusal), text=text)


def _without_access(refusal: Refusal) -> Why | None:
    """The scope is there, so that what is missing is access to this one package."""
    token = refusal.token
    if refusal.at_once or not token.known or not token.reads_packages:
        return None
    sure = "read_package" in refusal.found.message
    text = "it is valid and has the scope, but its user has no access to this package."
    certainty = Certainty.PROVEN if sure else Certainty.LIKELY
    return Why(cause=Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS, certainty=certainty, text=text)


def _contradicted(refusal: Refusal) -> Why | None:
    """The registry's token endpoint does not know what GitHub's API knows: one of the two is wrong at the moment."""
    if not (refusal.at_once and refusal.token.known):
        return None
    text = "the token endpoint does not know it, though GitHub's API does: a fault there, or a login just changed."
    return _invalid(Certainty.POSSIBLE, text)


def _invalid(certainty: Certainty, text: str) -> Why:
    return Why(cause=Cause.CREDENTIAL_INVALID_OR_EXPIRED, certainty=certainty, text=text)


def _sure(refusal: Refusal) -> Certainty:
    """What a token may do is asked at the manifest; a refusal before that may have another reason besides."""
    return Certainty.LIKELY if refusal.at_once else Certainty.PROVEN


_RULES: tuple[Callable[[Refusal], Why | None], ...] = (
    _over,
    _mistyped,
    _of_unsupported_kind,
    _by_organisation,
    _without_scope,
    _without_access,
    _contradicted,
)
