"""Registry credentials: values that never print themselves, and what their form alone gives away.

Sources: the prefixes and the trailing checksum are described in GitHub's engineering blog of 2021-04-05;
which kinds the container registry takes, in GitHub's documentation "Working with the Container registry".
"""

import hmac
import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from ghcr_audit.errors import ConfigurationError

HIDDEN = "[hidden]"
"""What stands wherever a secret would have stood."""

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_CHARS = 6
_BODY_CHARS = 30
_CLASSIC_FORM = re.compile(rf"gh[pousr]_([0-9A-Za-z]{{{_BODY_CHARS}}})([0-9A-Za-z]{{{_CHECKSUM_CHARS}}})")
_CHARSET = re.compile(r"[0-9A-Za-z_]*")
_DOTTED_CHARSET = re.compile(r"[0-9A-Za-z_.-]*")


class Secret:
    """A value that prints as `[hidden]` everywhere and cannot be pickled (results and caches are pickles).

    `get_secret_value` is the one way to the value; only adapters call it. Not hashable: a secret is no key.
    """

    __hash__ = None  # type: ignore[assignment]  # equality alone would otherwise hash the object's address
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """The value itself, for the one request or stdin that needs it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_octets(self._value), _octets(other._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return f"Secret({HIDDEN!r})"

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is never pickled: load it inside the task that uses it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A registry user and its token. Raises ConfigurationError for a user that HTTP Basic cannot carry."""

    user: str
    secret: Secret

    def __post_init__(self) -> None:
        if not self.user or ":" in self.user or not self.user.isprintable():
            raise ConfigurationError("credential: user: empty, or holds ':' or a control character")


class TokenKind(StrEnum):
    """What a GitHub token is, told by its prefix."""

    CLASSIC_PAT = "classic_pat"
    OAUTH = "oauth"
    APP_USER = "app_user"
    APP_INSTALLATION = "app_installation"
    APP_REFRESH = "app_refresh"
    FINE_GRAINED_PAT = "fine_grained_pat"
    OTHER = "other"
    EMPTY = "empty"


_PREFIXES = {
    "ghp_": TokenKind.CLASSIC_PAT,
    "gho_": TokenKind.OAUTH,
    "ghu_": TokenKind.APP_USER,
    "ghs_": TokenKind.APP_INSTALLATION,
    "ghr_": TokenKind.APP_REFRESH,
    "github_pat_": TokenKind.FINE_GRAINED_PAT,
}

_CREATE_CLASSIC = "create a personal access token (classic) with read:packages"

_NEVER_ACCEPTED = {
    TokenKind.FINE_GRAINED_PAT: f"ghcr.io accepts no fine-grained personal access token; {_CREATE_CLASSIC}",
    TokenKind.APP_INSTALLATION: "ghcr.io accepts an app installation token only inside its own Actions run, "
    f"and it expires within hours; {_CREATE_CLASSIC}",
    TokenKind.APP_REFRESH: f"a refresh token opens nothing by itself; {_CREATE_CLASSIC}",
}


def token_kind(token: Secret | str) -> TokenKind:
    """The kind of a token, from its prefix alone; OTHER says only that no GitHub prefix was found."""
    text = _value_of(token)
    if not text:
        return TokenKind.EMPTY
    return next((kind for prefix, kind in _PREFIXES.items() if text.startswith(prefix)), TokenKind.OTHER)


def checksum(body: str) -> str:
    """The six characters that close a GitHub token: CRC-32 of its 30-character body in base 62."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_CHARS):
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits


def checksum_holds(token: Secret | str) -> bool | None:
    """Whether a token's own checksum is right; None where none can be computed.

    Computable for the `gh?_` kinds with exactly 36 characters after the prefix. Right says nothing about
    expiry; wrong means mistyped or cut. Fine-grained tokens and dotted `ghs_` ones have no known checksum.
    """
    found = _CLASSIC_FORM.fullmatch(_value_of(token))
    return None if found is None else checksum(found[1]) == found[2]


def problems(token: Secret | str) -> tuple[str, ...]:
    """What is wrong with a token's form, one sentence each, never showing any of it; () when nothing is."""
    text = _value_of(token)
    kind = token_kind(text)
    if not text.strip():
        return ("the token is empty",)
    if any(character.isspace() for character in text):
        return ("the token holds a space or a line break: copy it again, without them",)
    found = (_form_problem(text, kind), _NEVER_ACCEPTED.get(kind))
    return tuple(problem for problem in found if problem)


def _form_problem(text: str, kind: TokenKind) -> str | None:
    if kind is TokenKind.OTHER:
        return None
    charset = _DOTTED_CHARSET if kind is TokenKind.APP_INSTALLATION else _CHARSET
    if not charset.fullmatch(text):
        return "the token holds a character that no token of its kind has: it was mistyped"
    prefix = next(prefix for prefix in _PREFIXES if text.startswith(prefix))
    if len(text) < len(prefix) + _BODY_CHARS + _CHECKSUM_CHARS:
        return "the token is shorter than any of its kind: it was cut when it was copied"
    if checksum_holds(text) is False:
        return "the token's checksum does not hold: it was mistyped, or cut when it was copied"
    return None


def _value_of(token: Secret | str) -> str:
    return token.get_secret_value() if isinstance(token, Secret) else token


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
