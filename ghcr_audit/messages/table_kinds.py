"""Words that name why a good credential is not taken: of the wrong kind, not authorised, from this address."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.conditions import kind_refused, speaks_of_saml
from ghcr_audit.messages.rule import Rank, Rule

_ACCESS = Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS
_INVALID = Cause.CREDENTIAL_INVALID_OR_EXPIRED
_SCOPE = Cause.TOKEN_SCOPE_INSUFFICIENT
_TYPE = Cause.TOKEN_TYPE_UNSUPPORTED

RULES: tuple[Rule, ...] = (
    Rule(
        name="SAML",
        cause=Cause.SSO_NOT_AUTHORIZED,
        certainty=Certainty.PROVEN,
        rank=Rank.NAMED,
        says=("protected by organization saml enforcement", "has enabled or enforced saml sso"),
        why="GitHub says that the organisation enforces SAML and the token is not authorised for it.",
    ),
    Rule(
        name="SAML, other words",
        cause=Cause.SSO_NOT_AUTHORIZED,
        rank=Rank.NAMED,
        says=(
            "x-github-sso",
            "single sign-on",
            "single sign on",
            "configure sso",
            "sso authoriz",
            "enforces sso",
        ),
        others=(_ACCESS,),
        why="The message speaks of single sign-on: the token is not authorised for the organisation.",
    ),
    Rule(
        name="SAML, the word",
        cause=Cause.SSO_NOT_AUTHORIZED,
        rank=Rank.NAMED,
        says=("saml",),
        holds=speaks_of_saml,
        others=(_ACCESS,),
        why="The message speaks of SAML and of an organisation or authorisation: the token is not authorised there.",
    ),
    Rule(
        name="allow list of addresses, GitHub",
        cause=Cause.IP_ALLOW_LIST,
        certainty=Certainty.PROVEN,
        rank=Rank.NAMED,
        says=("has an ip allow list enabled … your ip address is not permitted",),
        why="GitHub says that the address is not on the organisation's list.",
    ),
    Rule(
        name="allow list of addresses",
        cause=Cause.IP_ALLOW_LIST,
        rank=Rank.NAMED,
        says=(
            "ip allow list",
            "ip allowlist",
            "ip address is not permitted",
            "ip address … not allowed",
            "ip … is not allowed access",
            "client with ip",
            "not in the allowed ip",
            "ip address is not allowed",
            "ip whitelist",
            "ip restriction",
            "aka.ms/acr/firewall",
        ),
        others=(Cause.PROXY_INTERFERENCE,),
        why="The registry or organisation does not serve this address.",
    ),
    Rule(
        name="GitLab names all that a login can lack",
        cause=_INVALID,
        rank=Rank.NAMED,
        says=(
            "incorrect or your account has 2fa enabled",
            "password was incorrect or you're required to use a token",
        ),
        others=(_TYPE, _SCOPE),
        why="GitLab refused the login, and tells in one sentence all that may be wrong: the value, or its kind.",
    ),
    Rule(
        name="a kind of credential is refused",
        cause=_TYPE,
        rank=Rank.NAMED,
        says=("not support", "not allowed", "not accepted", "forbidden"),
        and_says=("token", "fine-grained", "fine grained", "credential"),
        holds=kind_refused,
        never=("enforced saml", "saml sso", "saml enforcement"),
        others=(_INVALID, _SCOPE),
        why="The message says that this kind of token is not supported or not allowed there.",
    ),
    Rule(
        name="an installation's token by its user",
        cause=_TYPE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("installation-token", "installation token", "-u x-access-token", "--username x-access-token"),
        and_says=("denied", "unauthorized", "forbidden", "403"),
        never=("installation not allowed",),
        others=(_SCOPE, _ACCESS),
        why="The login is that of a GitHub App's installation, which GitHub Packages serves in a few places only.",
    ),
    Rule(
        name="kind of credential",
        cause=_TYPE,
        rank=Rank.NAMED,
        says=(
            "use personal access token",
            "password … sso is enforced",
            "use a personal access token",
            "must use a personal access token",
            "password authentication was removed",
            "password authentication is not supported",
            "support for password authentication",
            "two-factor authentication",
            "2fa enabled",
            "has 2fa",
            "with 2fa",
            "personal access token (classic)",
            "classic personal access token",
            "fine-grained personal access token",
            "not supported for this token type",
            "secondary authentication",
            "mfa enabled",
            "multi-factor",
        ),
        never=("enforced saml", "saml sso", "saml enforcement"),
        others=(_INVALID, _SCOPE),
        why="The registry does not take this kind of credential.",
    ),
)
