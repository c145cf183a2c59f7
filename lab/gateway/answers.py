"""What the gateway says, word for word as ghcr.io was seen to say it.

Each text has a public thread behind it; where a thread shows only the code, the message is the
distribution project's standard one, which Docker prints as the bare code.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

Headers = tuple[tuple[str, str], ...]
"""Names and values in order; a name occurs once."""

STANDARD_DENIED: Final = "requested access to the resource is denied"
REFUSED_CREDENTIAL: Final = "denied"
INVALID_TOKEN: Final = "invalid token"  # noqa: S105 - a message
NO_SCOPE: Final = "permission_denied: The token provided does not match expected scopes."
NO_READ: Final = "permission_denied: read_package"
NO_WRITE: Final = "permission_denied: write_package"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer.

    `pace_kbps`: KiB per second to send the body with, 0 for as fast as it goes.
    `cut`: no answer at all, the connection is closed.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    pace_kbps: int = 0
    cut: bool = False

    def header(self, name: str) -> str:
        """The header's value; empty when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


CUT: Final = Answer(status=0, cut=True)


def json_answer(status: int, content: object, headers: Headers = ()) -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(content).encode() + b"\n"
    return Answer(status=status, headers=(("Content-Type", "application/json"), *headers), body=body)


def error(status: int, code: str, message: str, headers: Headers = ()) -> Answer:
    """An error in the form of the distribution specification."""
    return json_answer(status, {"errors": [{"code": code, "message": message}]}, headers)


def denied(message: str) -> Answer:
    """403 DENIED: never with a challenge, unlike 401."""
    return error(403, "DENIED", message)


def unauthorized(headers: Headers = ()) -> Answer:
    """401: nobody said who they are."""
    return error(401, "UNAUTHORIZED", "authentication required", headers)


def repeating(answer: Answer, credential: str) -> Answer:
    """A refusal whose message also holds what was refused: in clear, in Base64, and in an address."""
    if answer.status not in (401, 403, 404) or not credential or b'"errors"' not in answer.body:
        return answer
    encoded = base64.b64encode(f"lab:{credential}".encode()).decode()
    forms = f" (got {credential}; auth {encoded}; https://registry.example/?token={quote(credential, safe='')})"
    errors = json.loads(answer.body)["errors"]
    told = [{**error, "message": error["message"] + forms} for error in errors]
    return replace(answer, body=json.dumps({"errors": told}).encode() + b"\n")


def challenge(*, realm: str, service: str, repository: str, actions: str) -> Answer:
    """401 that names the token endpoint.

    Without a repository the scope is the literal text `user/image`, as ghcr.io writes it.
    """
    scope = f"repository:{repository or 'user/image'}:{actions}"
    value = f'Bearer realm="{realm}",service="{service}",scope="{scope}"'
    return unauthorized((("WWW-Authenticate", value),))


def name_unknown() -> Answer:
    """The package does not exist (told to accepted credentials only)."""
    return error(404, "NAME_UNKNOWN", "repository name not known to registry")


def manifest_unknown(message: str = "manifest unknown") -> Answer:
    """The package exists, the tag or digest does not (or is of a type that was not asked for)."""
    return error(404, "MANIFEST_UNKNOWN", message)


def bad_gateway() -> Answer:
    """The registry behind the gateway does not answer."""
    return error(502, "UNKNOWN", "bad gateway")


FAULTS: Final[Mapping[str, Answer]] = MappingProxyType(
    {
        "403": denied(STANDARD_DENIED),
        "404": manifest_unknown(),
        "500": error(500, "UNKNOWN", "unknown error"),
        "502": bad_gateway(),
        "503": error(503, "UNAVAILABLE", "service unavailable"),
        "drop": CUT,
    }
)
"""The faults that need no parameter; `429` and `hang` do."""


def too_many_requests(retry_after_s: int) -> Answer:
    """429 in ghcr.io's words for pulls."""
    message = f"retry-after: {retry_after_s}s, allowed: 44000/minute"
    return error(429, "TOOMANYREQUESTS", message, (("Retry-After", str(retry_after_s)),))
