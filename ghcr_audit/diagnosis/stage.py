"""Why a credential is refused, by the registry's words alone: which endpoint refused it, and what it said."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.diagnosis.known_token import Why, unsupported
from ghcr_audit.registry.views import Answered


def by_stage(found: Answered, kind: str = "", *, alike: bool = False) -> Why:
    """The cause, for a token of this kind ('' where that is not known).

    `alike`: another credential was refused in the very same way. One of them having ended, or lacking a scope, then
    explains it no longer as surely as it would alone.
    """
    if called := unsupported(kind, at_once=found.stage == "token"):
        text = f"the registry does not serve packages to a {called}."
        return Why(cause=Cause.TOKEN_TYPE_UNSUPPORTED, certainty=Certainty.LIKELY, text=text)
    if found.stage == "token":
        text = "the token endpoint does not know it - expired, revoked, or mistyped."
        certainty = Certainty.LIKELY if alike else Certainty.PROVEN
        return Why(cause=Cause.CREDENTIAL_INVALID_OR_EXPIRED, certainty=certainty, text=text)
    return _at_the_manifest(found, alike=alike)


def _at_the_manifest(found: Answered, *, alike: bool) -> Why:
    if "scope" in found.message.lower():
        text = "it is valid, but lacks the scope read:packages."
        return Why(cause=Cause.TOKEN_SCOPE_INSUFFICIENT, certainty=Certainty.PROVEN, text=text)
    if "read_package" in found.message:
        text = "it is valid, but its user has no access to this package."
        return Why(cause=Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS, certainty=Certainty.PROVEN, text=text)
    text = "the token endpoint accepts it, the package does not: scope or package access is missing."
    if alike:
        return Why(cause=Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS, certainty=Certainty.LIKELY, text=text)
    return Why(cause=Cause.TOKEN_SCOPE_INSUFFICIENT, certainty=Certainty.POSSIBLE, text=text)
