"""What a found text is: which credential, by its public prefix and checksum - or an obvious placeholder."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ghcr_audit.credentials import TokenKind, checksum_holds, token_kind
from ghcr_audit.redaction import Hit

_CLASSIC_CHARS = 40
_GITHUB_KINDS = {
    TokenKind.CLASSIC_PAT: "github-classic-pat",
    TokenKind.OAUTH: "github-oauth-token",
    TokenKind.APP_USER: "github-app-user-token",
    TokenKind.APP_INSTALLATION: "github-app-installation-token",
    TokenKind.APP_REFRESH: "github-app-refresh-token",
    TokenKind.FINE_GRAINED_PAT: "github-fine-grained-pat",
}
BY_CONTEXT = frozenset({"secret", "password", "authorization"})
"""Kinds that are known by the words around them only: in prose, most such finds are ordinary words."""

_PREFIX = re.compile(
    r"(?P<prefix>gh[pousr]_|github_pat_|dckr_[po]at_|glpat-|AKIA|ASIA|xox[abposr]-|[sr]k_live_|npm_|hf_|eyJ)"
    r"(?P<rest>[A-Za-z0-9_.~+/=-]{8,})"
)
_WHOLE = re.compile(r"g(?=(h[pousr]_[A-Za-z0-9]{36}))")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_EXAMPLE = re.compile(
    r"(?i)x{4}|\*{2}|_here\b|your|example|placeholder|redacted|changeme|change_me|dummy|removed|hidden|masked|<|>"
    r"|\.\.\.|…|\$\{?[A-Z_(]|\{\{|\[[a-z0-9-]+#[0-9]+\]|0{8}|1234567890|abcdefgh"
)
_FEW_CHARACTERS = 4
_WORDS = re.compile(r"(?i)[a-z]+(?:[-_. /:,;()]+[a-z]+)*[.,;:!?)]*|[\W_]+|[0-9.,:%-]+")
_HARMLESS = re.compile(r"(?i)(?:sha(?:256|512):)?[0-9a-f]{32,}|(?:[~.]?/|https?://)\S*|(?:read|write|delete):\w+.*")
_SHORTEST_IN_PROSE = 8
_SHORTEST_IN_CODE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A credential without doubt about which: `value` is compared and never shown."""

    kind: str
    value: str = field(repr=False)
    prefix: str
    checksum_right: bool | None = None

    @property
    def telling(self) -> bool:
        """Known by its own form, not only by the words around it."""
        return self.kind not in BY_CONTEXT

    @property
    def masked(self) -> str:
        """The public prefix of its kind, and no character more."""
        return f"{self.prefix}…"


def kind_of(hit: Hit) -> str:
    """The kind that the redactor names in its placeholder (`[ghcr-token#1]`)."""
    return hit.placeholder.strip("[]").partition("#")[0]


def identities_of(text: str, kind: str) -> Iterator[tuple[int, Identity]]:
    """Name what was found as `kind`, with the place of each credential in it.

    A find may hold several (a whole line after `token:`). Each is cut to the credential proper and has a closer
    kind where its prefix tells one; a text without any known prefix is one credential as it stands.
    """
    key = _PRIVATE_KEY.search(text)
    if key:
        yield key.start(), Identity(kind="private-key", value=text[key.start() :].strip(), prefix=key.group())
        return
    prefixed = [(match.start(), _prefixed(match, kind)) for match in _PREFIX.finditer(text)]
    bare = text.strip(" \t\n\"'`")
    yield from prefixed or [(text.find(bare), Identity(kind=kind, value=bare, prefix=""))]


def whole_tokens(text: str) -> Iterator[tuple[int, Identity]]:
    """Every GitHub token of 40 characters with a right checksum, whatever stands around it."""
    for match in _WHOLE.finditer(text):
        value = "g" + match[1]
        if checksum_holds(value):
            yield (
                match.start(),
                Identity(kind=_GITHUB_KINDS[token_kind(value)], value=value, prefix=value[:4], checksum_right=True),
            )


def _prefixed(match: re.Match[str], kind: str) -> Identity:
    value = match.group().rstrip(".")
    if checksum_holds(value[:_CLASSIC_CHARS]):
        value = value[:_CLASSIC_CHARS]
    closer = _GITHUB_KINDS.get(token_kind(value)) or ("jwt" if match["prefix"] == "eyJ" else kind)
    return Identity(kind=closer, value=value, prefix=match["prefix"], checksum_right=checksum_holds(value))


def is_placeholder(identity: Identity) -> bool:
    """Whether this obviously stands for a credential instead of being one; a right checksum settles it."""
    if identity.checksum_right:
        return False
    body = identity.value.removeprefix(identity.prefix)
    few = len(set(body)) < _FEW_CHARACTERS
    return few or _EXAMPLE.search(body if identity.telling else identity.value) is not None


def is_plausible(identity: Identity, *, prose: bool) -> bool:
    """Whether a value that only its context makes a secret can be one, and is no word, path, digest or scope."""
    value = identity.value.strip("*_.,;()")
    if identity.telling:
        return True
    if any(character.isspace() for character in value) or _HARMLESS.fullmatch(value):
        return False
    if identity.kind == "password" and not prose:
        return True
    shortest = _SHORTEST_IN_PROSE if prose else _SHORTEST_IN_CODE
    return len(value) >= shortest and _WORDS.fullmatch(value) is None
