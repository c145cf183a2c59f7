"""Who may do what: the token endpoint and the check before every registry request, row by row as ghcr.io.

The order of the checks is the finding behind incident 6: a refused credential hides everything else, so a
missing tag looks just like a forbidden one.
"""

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lab.gateway import answers
from lab.gateway.answers import Answer
from lab.gateway.requests import Kind, Request
from lab.gateway.switchboard import Switchboard
from lab.tokens import LabTokens, TokenKind

BEARER_LIFE_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a credential may do, and in which organisation."""

    pulls: bool = False
    pushes: bool = False
    organisation: str = "acme"


RIGHTS: Final[Mapping[TokenKind, Rights]] = MappingProxyType(
    {
        TokenKind.GOOD: Rights(pulls=True),
        TokenKind.WRITER: Rights(pulls=True, pushes=True),
        TokenKind.NO_SCOPE: Rights(),
        TokenKind.NO_ACCESS: Rights(pulls=True, pushes=True, organisation="elsewhere"),
        # Classic tokens only, says the documentation; which refusal these get is not known from a thread.
        TokenKind.FINE_GRAINED: Rights(),
        TokenKind.GH_OAUTH: Rights(),
    }
)
"""Every kind that the token endpoint accepts: an expired one has no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose bearer token it is; `kind` None for the anonymous caller's."""

    kind: TokenKind | None
    ends_at: float = float("inf")


class Access:
    """The token office and the doorkeeper of one gateway.

    `has_repository` asks the registry behind; `clock` counts seconds.
    """

    def __init__(
        self,
        *,
        tokens: LabTokens,
        board: Switchboard,
        has_repository: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._board = board
        self._has_repository = has_repository
        self._clock = clock
        self._bearers: dict[str, Holder] = {}
        self._lock = threading.Lock()

    def token(self, request: Request) -> Answer:
        """Answer `/token`.

        405 to POST: clients fall back to GET (the containerd store posts the password as a form first).
        """
        if not request.reads:
            return answers.error(405, "UNSUPPORTED", "unsupported")
        authorization = request.header("Authorization")
        if authorization:
            return self._token_for_credential(authorization)
        refusals = (self._anonymous_refusal(name) for name in _repositories(request))
        return next((refusal for refusal in refusals if refusal), None) or self._issue(None)

    def refusal(self, request: Request, *, realm: str, service: str) -> Answer | None:
        """Why this registry request is not served; None when it may pass."""
        authorization = request.header("Authorization")
        if not authorization:
            actions = "pull" if request.reads else "pull,push"
            return answers.challenge(realm=realm, service=service, repository=request.repository, actions=actions)
        if not authorization.startswith("Bearer "):
            return answers.denied(answers.INVALID_TOKEN)
        holder = self._holder(authorization.removeprefix("Bearer "))
        if holder is None:
            return answers.denied(answers.REFUSED_CREDENTIAL)
        return self._package_refusal(request, holder) if request.repository else None

    def presented(self, request: Request) -> str:
        """The credential behind this request, in clear; '' when there is none."""
        authorization = request.header("Authorization")
        if not authorization.startswith("Bearer "):
            return _password(authorization)
        with self._lock:
            held = self._bearers.get(authorization.removeprefix("Bearer "))
        return self._tokens.value_of(held.kind) if held is not None and held.kind is not None else ""

    def _token_for_credential(self, authorization: str) -> Answer:
        kind = self._accepted(_password(authorization))
        return self._issue(kind) if kind else answers.denied(answers.REFUSED_CREDENTIAL)

    def _accepted(self, presented: str) -> TokenKind | None:
        kind = self._tokens.kind_of(presented)
        if kind is None or kind not in RIGHTS or kind in self._board.state.revoked:
            return None
        return kind

    def _anonymous_refusal(self, repository: str) -> Answer | None:
        if not self._has_repository(repository):
            return answers.denied(answers.STANDARD_DENIED)
        policy = self._board.state.policy
        if policy.public or policy.anonymous == "token":
            return None
        return answers.unauthorized()

    def _issue(self, kind: TokenKind | None) -> Answer:
        bearer = secrets.token_urlsafe(24)
        with self._lock:
            now = self._clock()
            self._bearers = {key: held for key, held in self._bearers.items() if held.ends_at > now}
            self._bearers[bearer] = Holder(kind=kind, ends_at=now + BEARER_LIFE_S)
        return answers.json_answer(200, {"token": bearer})

    def _holder(self, bearer: str) -> Holder | None:
        """Whose it is; None when it is unknown, over, or its credential was revoked meanwhile."""
        with self._lock:
            held = self._bearers.get(bearer)
        if held is None:
            kind = self._accepted(_encoded_credential(bearer))
            return Holder(kind=kind) if kind else None
        is_over = held.ends_at <= self._clock()
        return None if is_over or held.kind in self._board.state.revoked else held

    def _package_refusal(self, request: Request, holder: Holder) -> Answer | None:
        if request.reads and self._board.state.policy.public:
            return None
        if holder.kind is None:
            return answers.denied(answers.NO_READ if request.reads else answers.NO_WRITE)
        if self._board.state.policy.enforces:
            return answers.denied(answers.NO_READ if request.reads else answers.NO_WRITE)
        rights = RIGHTS[holder.kind]
        if not (rights.pulls if request.reads else rights.pushes):
            return answers.denied(answers.NO_SCOPE)
        return self._reach_refusal(request, rights)

    def _reach_refusal(self, request: Request, rights: Rights) -> Answer | None:
        if request.reads and request.kind is not Kind.BLOBS and not self._has_repository(request.repository):
            # Not for blobs: a push looks for its layers in a package that it is about to create.
            return answers.name_unknown()
        if request.repository.startswith(f"{rights.organisation}/"):
            return None
        return answers.denied(answers.NO_READ if request.reads else answers.NO_WRITE)


def _repositories(request: Request) -> tuple[str, ...]:
    """The packages that a token request's scopes name; there may be several, also in one parameter."""
    scopes = [scope for value in request.query("scope") for scope in value.split(" ")]
    parts = [scope.split(":") for scope in scopes]
    return tuple(part[1] for part in parts if len(part) > 2 and part[0] == "repository")  # noqa: PLR2004


def _password(authorization: str) -> str:
    """The password of a Basic header; empty for anything else."""
    scheme, _, encoded = authorization.partition(" ")
    return _decoded(encoded).partition(":")[2] if scheme == "Basic" else ""


def _encoded_credential(bearer: str) -> str:
    """A credential in Base64 sent as Bearer (`user:TOKEN` or `TOKEN`), which ghcr.io accepts."""
    decoded = _decoded(bearer)
    return decoded.partition(":")[2] or decoded


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
