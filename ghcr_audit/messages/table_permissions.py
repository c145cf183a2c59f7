"""What a token may do, in ghcr.io's own words; and requests that were made by hand."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.conditions import asks_for_a_user, tokenless_curl
from ghcr_audit.messages.features import Operation
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
        name="manifest denied with the standard sentence",
        cause=_ACCESS,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        registry=(Registry.GHCR,),
        says=("/manifests/ … response status code 403: denied: requested access to the resource is denied",),
        never=("/token",),
        others=(_NAME, _SCOPE, _MISSING),
        why="ghcr.io gave a token and then refused the manifest itself: the package is there, or was, and not open to "
        "the asker.",
    ),
    Rule(
        name="a request to ghcr.io made by hand, told by its status",
        cause=Cause.OTHER,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        operation=(Operation.API,),
        registry=(Registry.GHCR, Registry.OTHER),
        status=(401, 403),
        never=("read_package", "expected scopes", "saml", "api.github.com"),
        others=(_MISSING, _INVALID, _ACCESS),
        why="A registry refuses every request without a token of its own token endpoint: 401 there is no fault yet.",
    ),
    Rule(
        name="the answer to a challenge",
        cause=Cause.OTHER,
        certainty=Certainty.POSSIBLE,
        says=("www-authenticate: bearer", "response to challenge request"),
        status=(401,),
        others=(_MISSING, _INVALID),
        why="401 with a challenge is how a registry tells where its tokens are: no fault by itself.",
        probe="Look at what the client did next: its request to the token endpoint, and that answer.",
    ),
    Rule(
        name="a request made by hand",
        cause=Cause.OTHER,
        certainty=Certainty.POSSIBLE,
        not_registry=(Registry.GITHUB,),
        operation=(Operation.API,),
        code=("unauthorized", "denied"),
        message=("authentication required", "invalid token", "unauthorized", ""),
        others=(_MISSING, _INVALID, _ACCESS),
        why="ghcr.io refuses every request without a token of its own token endpoint, even for public images; a token "
        "sent as Basic, or a personal token as Bearer, is refused although it is good.",
        remedy="Ask https://ghcr.io/token?service=ghcr.io&scope=repository:OWNER/IMAGE:pull first, send it as Bearer.",
    ),
    Rule(
        name="a credential in a form that ghcr.io does not read",
        cause=Cause.OTHER,
        certainty=Certainty.POSSIBLE,
        registry=(Registry.GHCR,),
        code=("denied",),
        message=("invalid token",),
        others=(_INVALID, _MISSING),
        why="`invalid token` is ghcr.io's answer to a credential that is sent straight to /v2/, however good it is.",
        remedy="Ask https://ghcr.io/token?service=ghcr.io&scope=repository:OWNER/IMAGE:pull first, send it as Bearer.",
    ),
    Rule(
        name="asked by hand without a token",
        cause=Cause.OTHER,
        rank=Rank.NAMED,
        holds=tokenless_curl,
        code=("unauthorized", "denied"),
        message=("authentication required", "invalid token", "unauthorized", "denied"),
        others=(_MISSING, _INVALID),
        why="The registry's API wants a token from its token endpoint, even for a public image; this request has none.",
        remedy="Ask https://ghcr.io/token?service=ghcr.io&scope=repository:OWNER/IMAGE:pull first, send it as Bearer.",
    ),
    Rule(
        name="scope, in the registry's words",
        cause=_SCOPE,
        rank=Rank.NAMED,
        says=("does not match expected scopes", "token … expected scopes"),
        others=(Cause.TOKEN_TYPE_UNSUPPORTED, _ACCESS),
        why="The registry knows the token and says that its scopes are not those that are needed.",
    ),
    Rule(
        name="read_package",
        cause=_ACCESS,
        rank=Rank.NAMED,
        says=("permission_denied: read_package", "read_package"),
        others=(_SCOPE, Cause.SSO_NOT_AUTHORIZED),
        why="The token is good; its user has no access to this package.",
    ),
    Rule(
        name="permission or login, told together",
        cause=_ACCESS,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("may not have permission to access", "do not have permission to access", "don't have access to"),
        others=(_MISSING, _NAME, _SCOPE),
        why="The program cannot tell a missing login from a package that is not public.",
    ),
    Rule(
        name="write_package",
        cause=_ACCESS,
        rank=Rank.NAMED,
        says=("permission_denied: write_package", "write_package"),
        others=(_SCOPE, _NAME),
        why="The package exists, and neither this user nor this repository may write to it.",
        probe="Package settings, Manage Actions access: is the workflow's repository listed with Write?",
    ),
    Rule(
        name="create_package",
        cause=_ACCESS,
        rank=Rank.NAMED,
        says=("permission_denied: create_package", "create_package"),
        others=(_SCOPE, Cause.TOKEN_TYPE_UNSUPPORTED),
        why="The organisation or the token does not allow creating this package.",
    ),
    Rule(
        name="GitHub's own authorisation does not answer",
        cause=Cause.REGISTRY_UNAVAILABLE,
        rank=Rank.NAMED,
        says=("connect to authzd", "twirp error", "error from intermediary"),
        others=(_ACCESS,),
        why="The registry could not ask its own authorisation service: a fault on its side, whatever the token.",
    ),
    Rule(
        name="a user's own part of an API is forbidden",
        cause=_SCOPE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        registry=(Registry.GITHUB, Registry.GITLAB),
        status=(403,),
        holds=asks_for_a_user,
        never=("rate limit", "saml", "allow list"),
        others=(Cause.SSO_NOT_AUTHORIZED, _INVALID, Cause.IP_ALLOW_LIST),
        why="What belongs to the token's own user was refused: the token is known, and lacks the scope for it.",
    ),
    Rule(
        name="installation not allowed to read",
        cause=_ACCESS,
        rank=Rank.NAMED,
        says=("installation not allowed to read",),
        others=(_SCOPE, Cause.TOKEN_TYPE_UNSUPPORTED),
        why="The workflow's token is good; the package does not let this repository read it.",
        remedy="Package settings, Manage Actions access: add the repository with Read; in the job: packages: read.",
    ),
    Rule(
        name="installation not allowed, told by the API's code",
        cause=Cause.TOKEN_TYPE_UNSUPPORTED,
        certainty=Certainty.POSSIBLE,
        rank=Rank.NAMED,
        says=("permission_denied: installation not allowed to",),
        others=(_SCOPE, _ACCESS),
        why="The token is an installation's. In this form it was mostly a GitHub App's, which writes no packages of an "
        "organisation; a workflow's GITHUB_TOKEN without packages: write is told almost the same.",
        probe="Which token does the login step use: GITHUB_TOKEN (then permissions) or a GitHub App's (then its kind)?",
    ),
    Rule(
        name="installation not allowed",
        cause=_SCOPE,
        rank=Rank.NAMED,
        says=("installation not allowed to",),
        others=(Cause.TOKEN_TYPE_UNSUPPORTED, _ACCESS),
        why="The token is a workflow's or a GitHub App's, and may not write packages there.",
        remedy="In the job: permissions: packages: write, and Read and write under Settings, Actions, Workflow "
        "permissions; a GitHub App's token does not work, use GITHUB_TOKEN or a classic token.",
        probe="Which token does the login step use: GITHUB_TOKEN (then permissions) or a GitHub App's (then its kind)?",
    ),
    Rule(
        name="installation unknown",
        cause=Cause.TOKEN_TYPE_UNSUPPORTED,
        rank=Rank.NAMED,
        says=("the requested installation does not exist", "fine-grained", "github app", "app installation token"),
        and_says=("denied", "403", "not support", "unauthorized", "does not exist"),
        never=("saml", "sso"),
        others=(_ACCESS, _SCOPE),
        why="This kind of token is not served by GitHub Packages.",
    ),
    Rule(
        name="token of a kind that is not served",
        cause=Cause.TOKEN_TYPE_UNSUPPORTED,
        rank=Rank.NAMED,
        says=("github_pat_",),
        and_says=("denied", "403", "401", "unauthorized"),
        others=(_SCOPE, _ACCESS),
        why="The token is a fine-grained one by its prefix; GitHub Packages takes classic ones.",
    ),
    Rule(
        name="a push without a user",
        cause=_INVALID,
        rank=Rank.SHAPE,
        says=("user cannot be authenticated with the token provided", "unauthenticated: user cannot be"),
        operation=_PUSH,
        others=(_MISSING, _SCOPE),
        why="The push came with a token that belongs to no user: the login's has expired, or there was no login.",
    ),
    Rule(
        name="token not known, otherwise",
        cause=_INVALID,
        rank=Rank.USUAL,
        says=("user cannot be authenticated with the token provided", "invalid token", "bad token"),
        others=(Cause.REGISTRY_UNAVAILABLE, _MISSING),
        why="The registry could not tell a user from the token that came.",
    ),
)
