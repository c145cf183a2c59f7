"""Whether an envelope says what the report says, and whether this key signed it: problems in words.

1. the envelope is one (`envelope.py`)   2. the key's signature fits the payload   3. the statement is a JSON object
4. it is, field by field, the statement that this report and this ledger lead to
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from ghcr_audit.attestation.envelope import PAYLOAD_TYPE, Signed, UnreadableEnvelopeError, parse_envelope, parse_json
from ghcr_audit.attestation.keys import fingerprint
from ghcr_audit.attestation.statement import is_head, statement_bytes
from ghcr_audit.attestation.subject import image_digest
from ghcr_audit.errors import shown
from ghcr_audit.report.model import Report

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_MAX_PROBLEMS = 20


def problems(envelope: bytes, *, key: "Ed25519PublicKey | None", ledger_head: str, report: Report) -> tuple[str, ...]:
    """What is wrong, at most 20 sentences; empty: nothing. Never raises, whatever the envelope is.

    Without a key nothing is said about the signature but that there is one.
    """
    try:
        signed = parse_envelope(envelope)
    except UnreadableEnvelopeError as error:
        return (str(error),)
    found = (*_of_signature(signed, key), *_of_content(signed.payload, ledger_head, report))
    return tuple(islice(found, _MAX_PROBLEMS))


def _of_signature(signed: Signed, key: "Ed25519PublicKey | None") -> Iterator[str]:
    if key is None:
        return
    if signed.keyid != fingerprint(key):
        yield f"signature: made with another key (got {signed.keyid}, expected {fingerprint(key)})"
    elif not _verified(signed, key):
        yield f"signature: does not fit: payload or signature was altered after signing (key {signed.keyid})"


def _verified(signed: Signed, key: "Ed25519PublicKey") -> bool:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import Signature, SSlibKey  # type: ignore[attr-defined] # exported without __all__

    signatures = {signed.keyid: Signature(signed.keyid, signed.signature.hex())}
    envelope = Envelope(signed.payload, PAYLOAD_TYPE, signatures)
    try:
        envelope.verify([SSlibKey.from_crypto(key, keyid=fingerprint(key))], threshold=1)
    except VerificationError:
        return False
    return True


def _of_content(payload: bytes, ledger_head: str, report: Report) -> Iterator[str]:
    if not is_head(ledger_head):
        yield f"statement: no ledger head to compare with (got {shown(ledger_head)})"
        return
    expected = statement_bytes(report, ledger_head=ledger_head, image_digest=image_digest(report))
    if expected is None:
        yield "statement: the report's evidence names no digest, or contradicting ones, that one could be made about"
    elif payload != expected:
        yield from _explained(payload, expected)


def _explained(payload: bytes, expected: bytes) -> Iterator[str]:
    try:
        found = parse_json(payload, "statement")
    except UnreadableEnvelopeError as error:
        yield str(error)
        return
    told = list(islice(_differences(found, parse_json(expected, "statement"), "statement"), _MAX_PROBLEMS))
    yield from told or ["statement: says the same as the report, but not in canonical JSON (RFC 8785)"]


def _differences(found: Any, expected: Any, at: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Where untrusted JSON is not the expected; it is followed only as deep as the expected goes."""
    if isinstance(found, dict) and isinstance(expected, dict):
        yield from (f"{at}: lacks {name!r}" for name in expected if name not in found)
        yield from (f"{at}: unknown field {shown(name)}" for name in found if name not in expected)
        for name in (name for name in expected if name in found):
            yield from _differences(found[name], expected[name], f"{at}.{name}")
    elif isinstance(found, list) and isinstance(expected, list):
        yield from _of_lists(found, expected, at)
    elif found != expected:
        yield f"{at}: got {shown(found)}, expected {shown(expected)}"


def _of_lists(found: list[Any], expected: list[Any], at: str) -> Iterator[str]:
    if len(found) == len(expected):
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from _differences(one, other, f"{at}[{place}]")
        return
    yield from (f"{at}: {shown(one)} is not in the report's" for one in found if one not in expected)
    yield from (f"{at}: lacks {shown(one)}" for one in expected if one not in found)
    if all(one in expected for one in found) and all(one in found for one in expected):
        yield f"{at}: got {len(found)} entries, expected {len(expected)}"
