"""Signed statements that several tests here look at: of recorded audits, with a key of their own."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ghcr_audit.adapters import signing
from ghcr_audit.attestation import check_envelope, image_digest, statement_bytes
from ghcr_audit.report.model import Report

HEAD = "5e" * 32


def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signing key for this test alone, not made yet; the path of its public half."""
    monkeypatch.setenv(signing.KEY_VARIABLE, str(tmp_path / "signing.key"))
    return tmp_path / "signing.pub"


def statement_of(report: Report, head: str = HEAD) -> bytes:
    """The statement of a report whose digest is known."""
    statement = statement_bytes(report, ledger_head=head, image_digest=image_digest(report))
    assert statement is not None
    return statement


def said(report: Report) -> dict[str, Any]:
    """The statement, read."""
    return dict(json.loads(statement_of(report)))


def problems_of(envelope: bytes, key: Path | None, report: Report) -> tuple[str, ...]:
    """What the check says about an envelope that came with this report."""
    return check_envelope(envelope, public_key=key, ledger_head=HEAD, report=report)


def rewritten(envelope: bytes, **fields: object) -> bytes:
    """The envelope with fields replaced."""
    return json.dumps({**json.loads(envelope), **fields}).encode()


def holding(envelope: bytes, payload: bytes) -> bytes:
    """The envelope around another payload, with the old signature."""
    return rewritten(envelope, payload=base64.b64encode(payload).decode())


def pae(payload_type: bytes, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding, written anew from its protocol text."""
    return b" ".join((b"DSSEv1", str(len(payload_type)).encode(), payload_type, str(len(payload)).encode(), payload))
