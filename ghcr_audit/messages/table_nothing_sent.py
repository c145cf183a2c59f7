"""Requests and logins that carried no credential at all."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.features import Operation, Sent
from ghcr_audit.messages.hosts import Registry
from ghcr_audit.messages.rule import Rank, Rule

_ACCESS = Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS
_INVALID = Cause.CREDENTIAL_INVALID_OR_EXPIRED
_MISSING = Cause.CREDENTIAL_MISSING
_NAME = Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG
_SCOPE = Cause.TOKEN_SCOPE_INSUFFICIENT
_PUSH = (Operation.PUSH, Operation.BUILD)

RULES: tuple[Rule, ...] = (
    Rule(
        name="login without a value",
        cause=_MISSING,
        rank=Rank.NAMED,
        says=(
            "username and password required",
            "interactive login from a non tty device",
            "interactive login from a non-tty device",
            "the input device is not a tty",
            "login prior to pull:",
            "must provide --username",
            "username and password must be provided",
            "username and password are required",
            "input required and not supplied: username",
            "input required and not supplied: password",
            "no username was provided",
            "no password was provided",
            "username is empty",
            "password is empty",
            "empty password",
            "empty username",
            "username required",
            "password required",
            "password can't be blank",
            "no password provided",
            "no credentials provided",
            "no credentials were found",
            "basic credential not found",
            "credential required for basic auth",
            "no registry credentials",
            "could not read username for",
            "could not read password for",
            "flag needs an argument: 'p' in -p",
            "flag needs an argument: --password",
            "flag needs an argument: 'u' in -u",
            "flag needs an argument: --username",
            "missing secret … password",
            "missing secret … token",
            "key not found … password",
            "key not found … token",
            "falling back on anonymous",
            "username: eof",
            "password: eof",
            "requires at most 1 argument",
            "unable to retrieve some image pull secrets",
            "you are not logged in",
            "you must be logged in",
            "not logged in",
            "please login",
            "please log in",
            "unauthenticated request",
            "must set up … credentials",
        ),
        never=("bad credentials",),
        others=(_INVALID, Cause.WRONG_USER_CONFIG),
        why="No credential was there to be sent: empty, not handed over, or never logged in.",
    ),
    Rule(
        name="no basic auth credentials",
        cause=_MISSING,
        rank=Rank.NAMED,
        says=("no basic auth credential", "no auth credentials", "no credentials found", "credentials not found"),
        never=("/config.json", "keychain", "docker-credential"),
        others=(Cause.WRONG_USER_CONFIG, _INVALID, Cause.CREDENTIAL_HELPER_BROKEN),
        why="Docker had no credential for this registry's host where it looked.",
    ),
    Rule(
        name="gh without a login",
        cause=_MISSING,
        rank=Rank.NAMED,
        says=("gh auth login", "gh_token environment variable"),
        never=("bad credentials", "401", "403", "saml", "scope"),
        others=(_INVALID,),
        why="GitHub's own client has no token to send.",
    ),
    Rule(
        name="a push without a credential",
        cause=_MISSING,
        rank=Rank.SHAPE,
        operation=(Operation.PUSH,),
        sent=Sent.NO,
        says=("401", "403", "unauthorized", "forbidden", "denied"),
        others=(Cause.WRONG_USER_CONFIG, _ACCESS, _NAME),
        why="`anonymous token`: the push was made without a credential, and no registry takes one so.",
    ),
    Rule(
        name="go-containerregistry pushes without a credential",
        cause=_MISSING,
        rank=Rank.SHAPE,
        operation=_PUSH,
        code=("unauthorized",),
        says=("/blobs/uploads/: unauthorized",),
        others=(_INVALID, _SCOPE, Cause.WRONG_USER_CONFIG),
        why="The upload was asked for without a token that allows it: mostly the program found no login for the host "
        "(crane, ko and kaniko read config.json under the host's exact name).",
    ),
    Rule(
        name="containerd without a credential",
        cause=_MISSING,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        registry=(Registry.OTHER,),
        operation=(Operation.PULL, Operation.UNKNOWN, Operation.DAEMON),
        says=("server message: insufficient_scope",),
        others=(_NAME, _ACCESS, _SCOPE),
        why="The token server gave a token without the right to pull, as it does to an asker without a login.",
    ),
)
