"""The DSSE envelope: read strictly, since whoever passes a bundle on may have written it.

{"payload": BASE64, "payloadType": "application/vnd.in-toto+json", "signatures": [{"keyid": …, "sig": BASE64}]}
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from ghcr_audit.errors import shown

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES = 1024 * 1024

_MAX_BRACKETS = 200
"""More than any statement has; fewer than any depth that could exhaust a stack."""

_SIGNATURE_BYTES = 64
_KEYID = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class UnreadableEnvelopeError(ValueError):
    """It is no envelope of ours; the text says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """An envelope's parts, decoded, nothing of them verified. `keyid` has the form of an SSH fingerprint."""

    payload: bytes
    keyid: str
    signature: bytes


def parse_envelope(data: bytes) -> Signed:
    """Read an envelope with one Ed25519 signature, at most 1 MiB.

    Base64 must be the standard one and canonical: with stray bits in a last character, two texts would mean the
    same bytes, and a change could go unseen.

    Raises:
        UnreadableEnvelopeError: anything else.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise UnreadableEnvelopeError(f"envelope: {len(data)} bytes (expected {MAX_ENVELOPE_BYTES} at most)")
    fields = _object(parse_json(data, "envelope"), "envelope", ("payload", "payloadType", "signatures"))
    if fields["payloadType"] != PAYLOAD_TYPE:
        raise UnreadableEnvelopeError(f"payloadType: got {shown(fields['payloadType'])}, expected {PAYLOAD_TYPE!r}")
    signatures = fields["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise UnreadableEnvelopeError(f"signatures: got {_counted(signatures)}, expected one")
    signature = _object(signatures[0], "signatures[0]", ("keyid", "sig"))
    return Signed(
        payload=_decoded(fields["payload"], "payload"),
        keyid=_keyid(signature["keyid"]),
        signature=_ed25519(_decoded(signature["sig"], "signatures[0].sig")),
    )


def keyid_of(envelope: bytes) -> str:
    """Which key the envelope says it was signed with (`SHA256:…`, as `ssh-keygen -l` prints it); '' if unreadable.

    A hint that nothing protects: only the check against a key tells whether it is true.
    """
    try:
        return parse_envelope(envelope).keyid
    except UnreadableEnvelopeError:
        return ""


def parse_json(data: bytes, name: str) -> Any:  # noqa: ANN401 - any JSON; the callers look at what it is
    """Read untrusted JSON of bounded depth, in which no name stands twice (readers disagree which one counts).

    Raises:
        UnreadableEnvelopeError: it is none.
    """
    if data.count(b"[") + data.count(b"{") > _MAX_BRACKETS:
        raise UnreadableEnvelopeError(f"{name}: too deep (more than {_MAX_BRACKETS} brackets)")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except UnreadableEnvelopeError as error:
        raise UnreadableEnvelopeError(f"{name}: {error}") from None
    except ValueError as error:
        kind = "UTF-8" if isinstance(error, UnicodeDecodeError) else "JSON"
        raise UnreadableEnvelopeError(f"{name}: not {kind}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise UnreadableEnvelopeError("a name stands twice in one object")
    return fields


def _refuse(word: str) -> NoReturn:
    raise UnreadableEnvelopeError(f"{word} is no JSON")


def _object(value: object, name: str, fields: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableEnvelopeError(f"{name}: got {shown(value)}, expected an object")
    if unknown := sorted(value.keys() - set(fields)):
        raise UnreadableEnvelopeError(f"{name}: unknown field {shown(unknown[0])}")
    if missing := [field for field in fields if field not in value]:
        raise UnreadableEnvelopeError(f"{name}: lacks {missing[0]!r}")
    return value


def _counted(value: object) -> str:
    return str(len(value)) if isinstance(value, list) else shown(value)


def _decoded(value: object, name: str) -> bytes:
    try:
        found = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        found = b""
    if not found or base64.b64encode(found).decode() != value:
        raise UnreadableEnvelopeError(f"{name}: not canonical standard Base64 (got {shown(value)})")
    return found


def _keyid(value: object) -> str:
    if not isinstance(value, str) or not _KEYID.fullmatch(value):
        raise UnreadableEnvelopeError(f"signatures[0].keyid: got {shown(value)}, expected an SSH SHA-256 fingerprint")
    return value


def _ed25519(signature: bytes) -> bytes:
    if len(signature) != _SIGNATURE_BYTES:
        raise UnreadableEnvelopeError(f"signatures[0].sig: got {len(signature)} bytes, expected {_SIGNATURE_BYTES}")
    return signature
