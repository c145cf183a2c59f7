"""A report, sealed: told in the ledger, signed, and stored with all its evidence as one bundle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ghcr_audit.adapters.ledger import Ledger, LedgerError, keep_file
from ghcr_audit.adapters.signing import sign, signing_key
from ghcr_audit.attestation import image_digest, statement_bytes
from ghcr_audit.attestation.keys import fingerprint
from ghcr_audit.audit import Audit
from ghcr_audit.bundle.content import ARCHIVE_LIMIT_BYTES, REPORT_LIMIT_BYTES, REPORT_MARKDOWN, bundle_name
from ghcr_audit.bundle.damage import NoBundleError
from ghcr_audit.bundle.sealed import blobs_of, rendered, report_json, sealed
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Link
from ghcr_audit.ledger.canonical import sha256
from ghcr_audit.ledger.entry import End, Entry, Reported
from ghcr_audit.ledger.outputs import digest_of
from ghcr_audit.report.evidence import Anchor
from ghcr_audit.report.model import Integrity, Report

_TRIES = 3


class BundleStore(Protocol):
    """Keeps bundles."""

    def keep(self, name: str, content: bytes) -> str:
        """Store it, in place of an earlier one of this name; where it lies now, for a person."""


class FolderBundles:
    """Bundles as files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, content: bytes) -> str:
        """On the disk before this returns."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keep_file(self._folder / name, content)
        except OSError as error:
            raise LedgerError(f"{self._folder / name}: store the bundle: {error.strerror}") from None
        return str(self._folder / name)


class BundleFile:
    """The one file that the user named."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, name: str, content: bytes) -> str:
        """In this file, or under its own name where a folder was named."""
        path = self._path / name if self._path.is_dir() else self._path
        try:
            keep_file(path, content)
        except OSError as error:
            raise ConfigurationError(f"{path}: write the bundle: {error.strerror}") from None
        return str(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A report with its place in the evidence, and what is to be known of its bundle outside of it."""

    report: Report
    anchor: Anchor
    """Its head is the hash of the ledger's entry that tells of the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signer:
    """Who signs. Without a key id: why nobody does."""

    keyid: str = ""
    why_not: str = ""


def seal(ledger: Ledger, audit: Audit, report: Report, store: BundleStore) -> Sealed:
    """Write the report's entry, sign, and store the bundle; then the entry that names the bundle.

    The order makes one chain of it all: the report holds the ledger's head before its own entry; that entry holds
    the report's hash; the signature is of that entry's hash. So the signature covers all that stands in the bundle.

    Raises:
        LedgerError: it cannot be stored.
    """
    ledger.seen(Link.ROLLBACK, audit.observations, always=False)
    signer = _signer(report)
    report, last = _told(ledger, audit, report, signer)
    text, stored = report_json(report), ledger.stored().lines[: last.number]
    statement = statement_bytes(report, ledger_head=last.hash, image_digest=image_digest(report))
    envelope = sign(statement) if statement is not None and signer.keyid else None
    content = sealed(report, stored, last, _blobs(ledger, text, last.number), envelope)
    name = bundle_name(ledger.run)
    if len(content) > ARCHIVE_LIMIT_BYTES or len(text) > REPORT_LIMIT_BYTES:
        raise LedgerError(f"{name}: larger than a bundle may be ({len(content)} bytes); the ledger holds all of it")
    place = store.keep(name, content)
    ledger.add(End(verdict=report.verdict, bundle=name, bundle_sha256=sha256(content)))
    anchor = Anchor(
        run=ledger.run,
        verdict=report.verdict.value,
        head=last.hash,
        entries=last.number,
        bundle=name,
        place=place,
        bundle_sha256=sha256(content),
        signer=signer.keyid,
        not_signed=signer.why_not,
    )
    return Sealed(report=report, anchor=anchor)


def read_bundle(path: Path) -> bytes:
    """A bundle's bytes, at most 64 MiB.

    Raises:
        NoBundleError: it cannot be read, or is larger than any bundle.
    """
    try:
        with path.open("rb") as file:
            content = file.read(ARCHIVE_LIMIT_BYTES + 1)
    except OSError as error:
        raise NoBundleError(f"{path}: read the bundle: {error.strerror}") from None
    if len(content) > ARCHIVE_LIMIT_BYTES:
        raise NoBundleError(f"{path}: larger than any bundle (expected at most {ARCHIVE_LIMIT_BYTES} bytes)")
    return content


def _signer(report: Report) -> _Signer:
    """A key that cannot be used keeps no report from being published."""
    if image_digest(report) is None:
        return _Signer(why_not="no digest of the image is known that a signature could be about")
    try:
        return _Signer(keyid=fingerprint(signing_key().public_key()))
    except ConfigurationError as error:
        return _Signer(why_not=error.message)


def _told(ledger: Ledger, audit: Audit, report: Report, signer: _Signer) -> tuple[Report, Entry]:
    """The report with its place in the ledger, and the entry that tells of it."""
    for _ in range(_TRIES):
        before = ledger.entries()[-1]
        anchor = Integrity(
            ledger_head=before.hash, entries=before.number, bundle=bundle_name(ledger.run), signer=signer.keyid
        )
        report = report.model_copy(update={"integrity": anchor})
        made = ledger.report(_reported(audit, report), report_json(report))
        if made.previous == before.hash:
            return report, made
    raise LedgerError(f"ledger of run {ledger.run}: another process keeps writing to it")


def _reported(audit: Audit, report: Report) -> Reported:
    return Reported(
        verdict=report.verdict,
        observations=tuple(digest_of(one) for one in audit.observations),
        waited_s=audit.waited_s,
        report_json=sha256(report_json(report)),
        report_markdown=sha256(rendered(report, REPORT_MARKDOWN)),
    )


def _blobs(ledger: Ledger, report: bytes, entries: int) -> list[bytes]:
    found = []
    for digest in blobs_of(ledger.entries()[:entries], report=report):
        content = ledger.store.blob(ledger.run, digest)
        if content is None:
            raise LedgerError(f"ledger of run {ledger.run}: the output {digest} is no longer where it was stored")
        found.append(content)
    return found
