"""A look-alike of api.github.com beside the registry: what GitHub says of a token, and of a package to its holder.

It lives below `API_PATH` of the same address, as on a GitHub Enterprise Server. Answers and headers are those of
docs.github.com ("Scopes for OAuth apps", "Troubleshooting the REST API", "Packages"); the texts of SAML SSO and of an
IP allow list are those that public threads quote.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from lab.gateway import answers
from lab.gateway.access import RIGHTS
from lab.gateway.answers import Answer, Headers
from lab.gateway.requests import API_PATH, Request
from lab.gateway.switchboard import Switchboard
from lab.tokens import LabTokens, TokenKind

LOGIN: Final = "lab-octocat"
ORGANISATION: Final = "acme"
_PACKAGE: Final = re.compile(r"/(?P<whose>orgs|users)/(?P<owner>[^/]+)/packages/container/(?P<name>[^/]+)")
_SSO: Final = (
    "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this "
    "organization."
)
_IP: Final = (
    f"Although you appear to have the correct authorization credentials, the `{ORGANISATION}` organization has an IP "
    "allow list enabled, and your IP address is not permitted to access this resource."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What GitHub tells of a kind of token: `scopes` None for a kind without, `expires` empty for never."""

    scopes: str | None
    expires: str = ""

    @property
    def headers(self) -> Headers:
        """The headers that go with every answer to it."""
        told = [] if self.scopes is None else [("X-OAuth-Scopes", self.scopes)]
        if self.expires:
            told.append(("GitHub-Authentication-Token-Expiration", self.expires))
        return tuple(told)

    @property
    def reads_packages(self) -> bool:
        """Whether it may ask for a package."""
        return self.scopes is not None and "packages" in self.scopes


KNOWN: Final[Mapping[TokenKind, Known]] = MappingProxyType(
    {
        TokenKind.GOOD: Known(scopes="read:packages", expires="2036-01-20 09:00:00 UTC"),
        TokenKind.WRITER: Known(scopes="write:packages"),
        TokenKind.NO_SCOPE: Known(scopes="repo, workflow"),
        TokenKind.NO_ACCESS: Known(scopes="read:packages"),
        TokenKind.FINE_GRAINED: Known(scopes=None, expires="2036-01-20 09:00:00 +0000"),
        TokenKind.GH_OAUTH: Known(scopes="gist, read:org, repo, workflow"),
    }
)
"""Every kind that GitHub knows: an expired one has no row."""


class GithubApi:
    """The API of one gateway; `has_repository` asks the registry behind."""

    def __init__(self, *, tokens: LabTokens, board: Switchboard, has_repository: Callable[[str], bool]) -> None:
        self._tokens = tokens
        self._board = board
        self._has_repository = has_repository

    def answer(self, request: Request) -> Answer:
        """Answer a request below `API_PATH`; only GET is known."""
        path = request.path.removeprefix(API_PATH)
        kind = self._presented(request.header("Authorization"))
        if kind is None:
            return _message(401, "Bad credentials")
        if not request.reads:
            return _message(404, "Not Found", kind)
        if path == "/user":
            return answers.json_answer(200, {"login": LOGIN, "id": 1, "type": "User"}, KNOWN[kind].headers)
        found = _PACKAGE.fullmatch(path)
        if found is None:
            return _message(404, "Not Found", kind)
        return self._package(kind, found["whose"], found["owner"], unquote(found["name"]))

    def _presented(self, authorization: str) -> TokenKind | None:
        scheme, _, value = authorization.partition(" ")
        kind = self._tokens.kind_of(value) if scheme.lower() in ("bearer", "token") else None
        return None if kind not in KNOWN or kind in self._board.state.revoked else kind

    def _package(self, kind: TokenKind, whose: str, owner: str, name: str) -> Answer:
        """GitHub hides what a token may not see behind 404, and names an organisation's own rules before that."""
        enforced = self._board.state.policy.enforces
        if whose == "orgs" and owner == ORGANISATION and enforced == "sso":
            link = f"https://github.com/orgs/{ORGANISATION}/sso?authorization_request=LAB"
            return _message(403, _SSO, kind, (("X-GitHub-SSO", f"required; url={link}"),))
        if whose == "orgs" and owner == ORGANISATION and enforced == "ip_allow_list":
            return _message(403, _IP, kind)
        if KNOWN[kind].scopes is None:
            return _message(403, "Resource not accessible by personal access token", kind)
        if not KNOWN[kind].reads_packages:
            return _message(403, "You need at least read:packages scope to get a package.", kind)
        repository = f"{owner}/{name}"
        if whose != "orgs" or RIGHTS[kind].organisation != owner or not self._has_repository(repository):
            return _message(404, "Not Found", kind)
        content = {"name": name, "package_type": "container", "visibility": "private"}
        return answers.json_answer(200, content, KNOWN[kind].headers)


def _message(status: int, text: str, kind: TokenKind | None = None, headers: Headers = ()) -> Answer:
    told = KNOWN[kind].headers if kind is not None else ()
    link = "https://docs.github.com/rest"
    return answers.json_answer(status, {"message": text, "documentation_url": link}, (*told, *headers))
