"""Attestation: what an audit concluded, as a signed statement about the image that it audited.

An in-toto Statement (v1) with the test-result predicate (v0.1) in a DSSE envelope, signed with Ed25519:
https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md and
https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. Signing itself is `adapters/signing.py`.
"""

from pathlib import Path

from ghcr_audit.attestation.checks import problems
from ghcr_audit.attestation.envelope import keyid_of
from ghcr_audit.attestation.keys import read_public_key
from ghcr_audit.attestation.statement import statement_bytes
from ghcr_audit.attestation.subject import image_digest
from ghcr_audit.report.model import Report

__all__ = ["check_envelope", "image_digest", "keyid_of", "statement_bytes"]


def check_envelope(envelope: bytes, *, public_key: Path | None, ledger_head: str, report: Report) -> tuple[str, ...]:
    """What is wrong with an envelope that came with this report and ledger, in words; empty: nothing.

    `public_key` names the signer's public key (`keys.parse_public_key` says in which forms). Without it structure
    and content are compared, and nothing is said about who signed.

    Raises:
        ConfigurationError: the key file holds no Ed25519 public key, so nothing could be judged by it.
    """
    key = read_public_key(public_key) if public_key is not None else None
    return problems(envelope, key=key, ledger_head=ledger_head, report=report)
