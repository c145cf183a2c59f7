"""A bundle's members from a report and the ledger that ends with it."""

from collections.abc import Iterable

from ghcr_audit.bundle.archive import archived
from ghcr_audit.bundle.content import (
    ATTESTATION,
    LEDGER,
    MANIFEST,
    RENDERED,
    REPORT_JSON,
    Listed,
    Manifest,
    Member,
    blob_name,
)
from ghcr_audit.language import Language, speaking
from ghcr_audit.ledger.canonical import canonical, sha256
from ghcr_audit.ledger.check import recorded_in
from ghcr_audit.ledger.entry import Entry, Reported
from ghcr_audit.report.forms import FORMS
from ghcr_audit.report.model import Report


def report_json(report: Report) -> bytes:
    """The report for programs, as it stands in a bundle."""
    return f"{report.model_dump_json(by_alias=True, indent=2)}\n".encode()


def rendered(report: Report, name: str) -> bytes:
    """One of the report's other forms, as it stands in a bundle under this name."""
    with speaking(Language.ENGLISH):  # whoever checks it renders it anew, and knows of no language
        return FORMS[RENDERED[name]](report).encode()


def blobs_of(entries: Iterable[Entry], *, report: bytes) -> tuple[str, ...]:
    """Hashes of what stands apart: long outputs, and earlier reports; this one is a member under its own name."""
    found = [blob.sha256 for entry in entries for kept in recorded_in(entry) for blob in kept.blobs]
    found += [entry.body.report_json for entry in entries if isinstance(entry.body, Reported)]
    return tuple(sorted(set(found) - {sha256(report)}))


def sealed(
    report: Report, lines: Iterable[bytes], last: Entry, blobs: Iterable[bytes], attestation: bytes | None = None
) -> bytes:
    """The bundle: the ledger's lines as they are stored, of which the `last` tells of this report."""
    members = [
        Member(name=LEDGER, content=b"".join(line + b"\n" for line in lines)),
        Member(name=REPORT_JSON, content=report_json(report)),
        *(Member(name=name, content=rendered(report, name)) for name in RENDERED),
        *(Member(name=blob_name(sha256(content)), content=content) for content in blobs),
    ]
    if attestation is not None:
        members.append(Member(name=ATTESTATION, content=attestation))
    members.append(Member(name=MANIFEST, content=_manifest(report, last, members)))
    return archived(members, time_s=time_s(report))


def time_s(report: Report) -> int:
    """The time of every member: that of the report, in whole seconds."""
    return int(report.finished_at.timestamp())


def _manifest(report: Report, last: Entry, members: Iterable[Member]) -> bytes:
    listed = (Listed(name=one.name, sha256=sha256(one.content), size_bytes=len(one.content)) for one in members)
    manifest = Manifest(
        run=report.run,
        target=report.target,
        tag=report.tag,
        verdict=report.verdict,
        version=report.version,
        finished_at=report.finished_at,
        ledger_head=last.hash,
        ledger_entries=last.number,
        members=tuple(sorted(listed, key=lambda one: one.name)),
    )
    return canonical(manifest.model_dump(mode="json"))
