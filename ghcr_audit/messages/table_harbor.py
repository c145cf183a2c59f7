"""Refusals in the words of Harbor and of Quay."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.features import Operation
from ghcr_audit.messages.rule import Rank, Rule

_ACCESS = Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS
_INVALID = Cause.CREDENTIAL_INVALID_OR_EXPIRED
_MISSING = Cause.CREDENTIAL_MISSING
_NAME = Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG
_SCOPE = Cause.TOKEN_SCOPE_INSUFFICIENT

RULES: tuple[Rule, ...] = (
    Rule(
        name="Harbor refuses a push",
        cause=_SCOPE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("unauthorized to access repository … action: push", "unauthorized to access repository … action: delete"),
        others=(_MISSING, _NAME, _INVALID),
        why="Harbor names the action that this user or robot may not do there; without a login it says the same.",
        remedy="Give the robot account the right to push to this project; log in under the host and port of the name.",
    ),
    Rule(
        name="Harbor refuses a pull",
        cause=_SCOPE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("unauthorized to access repository … action: pull",),
        others=(_ACCESS, _MISSING, _NAME),
        why="Harbor names the action that this user or robot may not do there; without a login it says the same.",
        remedy="Give the robot account the right to pull from this project; log in under the name's host and port.",
    ),
    Rule(
        name="Harbor wants its own secret of who signs in elsewhere",
        cause=Cause.TOKEN_TYPE_UNSUPPORTED,
        rank=Rank.NAMED,
        says=("auth_mode: oidc", "auth_mode is oidc"),
        and_says=(
            "secret mismatch",
            "failed to verify secret",
            "failed to verify the secret",
            "failed to authenticate",
        ),
        others=(_INVALID,),
        why="Harbor's users come from an identity provider, whose password no docker login can use.",
        remedy="Log in with the CLI secret of your profile in Harbor, or as a robot account.",
    ),
    Rule(
        name="Harbor verified a login's secret",
        cause=_INVALID,
        rank=Rank.SHAPE,
        says=("failed to verify secret", "failed to verify the secret: secret mismatch"),
        others=(Cause.TOKEN_TYPE_UNSUPPORTED,),
        why="Harbor compared the login's secret with its own, and they differ.",
    ),
    Rule(
        name="Quay refuses a push",
        cause=_MISSING,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        operation=(Operation.PUSH,),
        says=("access to the requested resource is not authorized",),
        others=(_SCOPE, _ACCESS, _NAME),
        why="Quay answers so to a push without a login, and to a robot that may not write there.",
    ),
    Rule(
        name="Quay's not authorized",
        cause=_MISSING,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("access to the requested resource is not authorized", "unauthorized to access repository"),
        others=(_NAME, _ACCESS, _SCOPE),
        why="Quay answers so for a private and for an absent repository; most who ask so have sent no login.",
    ),
)
