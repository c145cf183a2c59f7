"""Canonical JSON (RFC 8785): one value, one sequence of bytes - so that a hash means the same everywhere."""

import hashlib
import json
from typing import Any, TypeAlias

import rfc8785

from ghcr_audit.errors import AuditError

Json: TypeAlias = dict[str, Any]
"""A JSON object just read or about to be written; it goes no further than the module that reads it."""


class NotCanonicalError(AuditError):
    """Bytes that are no JSON object, or not in its canonical form."""

    exit_code = 3


def canonical(value: Json) -> bytes:
    """The one form of an object: sorted keys, no spaces, UTF-8.

    Raises:
        NotCanonicalError: a number has no such form (NaN, or beyond 2**53), or a text is not Unicode.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise NotCanonicalError(f"JSON: it has no canonical form: {type(error).__name__}") from None


def read_canonical(text: bytes) -> Json:
    """The object that these bytes are the canonical form of.

    Raises:
        NotCanonicalError: they are no JSON object, nested too deeply, or written in another way.
    """
    try:
        value = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError(f"no JSON that can be read ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise NotCanonicalError("no JSON object")
    if canonical(value) != text:
        raise NotCanonicalError("not in canonical form (RFC 8785)")
    return value


def sha256(content: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(content).hexdigest()
