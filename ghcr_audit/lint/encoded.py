"""Credentials in Base64: `auth` fields pasted into prose, secrets of Kubernetes, wrapped output of `base64`.

Base64 is an encoding, no protection. Incident 15 was such a report.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice

from ghcr_audit.lint.identity import Identity, identities_of, kind_of, whole_tokens
from ghcr_audit.redaction import Redactor

_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}")
_PAIR = re.compile(r"[A-Za-z0-9._@$-]{1,80}:(\S{8,})")
_CONTEXT = re.compile(r"(?i)auth|base64|credential|password|token|basic|secret|인증|자격|토큰|비밀")
_CONTEXT_CHARS = 300
_TRIAL_CHARS = 24
_NESTED = 2
_INNER_RUNS = 16
_SHORTEST = 20
"""No token is shorter; a user and a password have a colon between them."""
PAIR_KIND = "registry-login"
"""Base64 of `user:password`, as docker's `auth` field holds it."""


def runs(text: str) -> Iterator[tuple[int, int]]:
    """Where Base64 of at least 16 characters may stand; no two of them overlap."""
    yield from (match.span() for match in _RUN.finditer(text))


def credential_in(encoded: str, redactor: Redactor, *, before: str, depth: int = 0) -> Identity | None:
    """The first credential in a Base64 text, also in Base64 of Base64; None for anything else.

    A plain `user:password` counts where the text `before` speaks of credentials: any short text with a colon
    would be one otherwise.
    """
    decoded = _decoded(encoded)
    if decoded is None or (len(decoded) < _SHORTEST and ":" not in decoded):
        return None
    known = _surest(decoded, redactor, before, depth)
    pair = _PAIR.fullmatch(decoded.strip())
    if known is None and pair and (depth or _CONTEXT.search(before[-_CONTEXT_CHARS:])):
        return Identity(kind=PAIR_KIND, value=pair[1], prefix="")
    return known


def _surest(text: str, redactor: Redactor, before: str, depth: int) -> Identity | None:
    """Of several in a decoded text the one with a right checksum, else one whose prefix tells it, else the first."""
    found = [identity for _, identity in whole_tokens(text)]
    for start, end in islice(runs(text), _INNER_RUNS if depth < _NESTED else 0):
        inner = credential_in(text[start:end], redactor, before=before, depth=depth + 1)
        found += [inner] if inner is not None else []
    for hit in redactor.find(text):
        found += [identity for _, identity in identities_of(text[hit.start : hit.end], kind_of(hit))]
    return min(found, key=lambda one: (not one.checksum_right, not one.prefix, not one.telling), default=None)


def _decoded(encoded: str) -> str | None:
    """Printable text, or None. Only the beginning is decoded at first: most runs are words, paths and digests."""
    normal = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    if not _is_text(_bytes_of(normal[:_TRIAL_CHARS])):
        return None
    found = _bytes_of(normal)
    end = next((index for index, octet in enumerate(found) if octet > 126), len(found))  # noqa: PLR2004 - not ASCII
    return found[:end].decode("ascii")


def _bytes_of(encoded: str) -> bytes:
    whole = encoded[: len(encoded) - 1] if len(encoded) % 4 == 1 else encoded
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return b""


def _is_text(found: bytes) -> bool:
    return bool(found) and found.isascii() and found.decode("ascii").replace("\n", "").replace("\t", "").isprintable()
