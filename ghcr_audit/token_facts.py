"""What GitHub's API told the host about the stored token, and the text form in which host_scripts/token.sh tells it.

One answer a line; the token itself is never among them:

    not-asked KIND                         (no GitHub token by its prefix: nothing was sent)
    kind ghp_
    checksum right|wrong|unknown
    user 200 | user 401 - Bad credentials | user error CAUSE
    X-OAuth-Scopes gist, repo              (absent: a kind without scopes; `-`: none)
    GitHub-Authentication-Token-Expiration 2027-10-12 09:00:00 UTC
    sso required
    login NAME
    package 404 - Not Found                (of the organisation, then of the user; the last line counts)

Sources: docs.github.com, "Scopes for OAuth apps" and "Troubleshooting the REST API".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Observation
from ghcr_audit.registry.answers import HTTP_OK
from ghcr_audit.registry.view import clean_message

HOST_TOKEN = "host.token"  # noqa: S105 - an observation's key
"""Key of the observation."""

_CHECKSUMS = {"right": True, "wrong": False}
_KIND = re.compile(r"gh[pousr]_|github_pat_")
_STATUS = re.compile(r"[1-5][0-9]{2}")
_SCOPE = re.compile(r"[a-z][a-z0-9_:-]{0,60}")
_LOGIN = re.compile(r"[A-Za-z0-9-]{1,60}")
_MAX_LINES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    """One answer: its HTTP status and GitHub's words; without a status, the cause for which none came."""

    status: int | None = None
    message: str = ""
    failure: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """A stored GitHub token, without its value."""

    kind: str
    """Its public prefix: ghp_, gho_, ghu_, ghs_, ghr_, github_pat_."""
    checksum_right: bool | None
    """None: its form has none that could be computed."""
    user: ApiAnswer | None
    """`GET /user`: 200, or 401 for a token that GitHub does not know (any more)."""
    package: ApiAnswer | None
    """The package itself; None where it was not asked for."""
    scopes: tuple[str, ...] | None
    """None: GitHub named none, since tokens of this kind have none or it was not reached."""
    expires_at: datetime | None
    sso_required: bool
    login: str

    @property
    def known(self) -> bool:
        """GitHub knows it: it has neither expired nor been revoked. An app's own token may not ask who it is."""
        if self.user is None:
            return False
        return self.user.status == HTTP_OK or "not accessible by integration" in self.user.message

    @property
    def unknown(self) -> bool:
        """GitHub does not know it (any more)."""
        return self.user is not None and self.user.status == 401  # noqa: PLR2004

    @property
    def reads_packages(self) -> bool | None:
        """By its scopes; None where they are not known."""
        return None if self.scopes is None else not {"read:packages", "write:packages"}.isdisjoint(self.scopes)


def token_facts(observation: Observation | None) -> TokenFacts | None:
    """From host_scripts/token.sh, also what it told before its time was up; None where no GitHub token is stored."""
    if observation is None or observation.failure is not None:
        return None
    lines = tuple(_pairs(observation.stdout))
    found = dict(lines)
    kind = found.get("kind", "")
    if not _KIND.fullmatch(kind):
        return None
    return TokenFacts(
        kind=kind,
        checksum_right=_CHECKSUMS.get(found.get("checksum", "")),
        user=_answer(found.get("user")),
        package=_answer(found.get("package")),
        scopes=_scopes(found.get("X-OAuth-Scopes")),
        expires_at=_moment(found.get("GitHub-Authentication-Token-Expiration", "")),
        sso_required=("sso", "required") in lines,
        login=found["login"] if _LOGIN.fullmatch(found.get("login", "")) else "",
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines()[:_MAX_LINES]:
        name, _, rest = line[:1000].partition(" ")
        yield name, rest.strip()


def _answer(text: str | None) -> ApiAnswer | None:
    if text is None:
        return None
    first, _, rest = text.partition(" ")
    if _STATUS.fullmatch(first):
        return ApiAnswer(status=int(first), message=clean_message(rest.partition(" ")[2]))
    if first == "error" and rest in set(Cause):
        return ApiAnswer(failure=Cause(rest))
    return None


def _scopes(text: str | None) -> tuple[str, ...] | None:
    """`-` is a header that is there and empty; anything that is no list of scopes is not known."""
    if text is None:
        return None
    named = tuple(part.strip() for part in text.split(",")) if text != "-" else ()
    return named if all(_SCOPE.fullmatch(name) for name in named) else None


def _moment(text: str) -> datetime | None:
    """`2027-10-12 09:00:00 UTC`, or with an offset as others saw it (`+0200`)."""
    form = re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d) ?(UTC|Z|[+-]\d\d:?\d\d)", text)
    if form is None:
        return None
    try:
        return datetime.fromisoformat(f"{form[1]}T{form[2]}{form[3].replace('UTC', '+00:00').replace('Z', '+00:00')}")
    except ValueError:
        return None
