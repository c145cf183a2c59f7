"""What stands in a bundle: names, limits, and the manifest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import AwareDatetime, Field

from ghcr_audit.evidence import Value
from ghcr_audit.ledger.entry import Digest
from ghcr_audit.verdicts import Verdict

SCHEMA_VERSION = 1
MANIFEST, LEDGER, REPORT_JSON, REPORT_MARKDOWN = "manifest.json", "ledger.jsonl", "report.json", "report.md"
REPORT_HTML, REPORT_JUNIT, REPORT_SUMMARY = "report.html", "report.junit.xml", "report.summary.md"
RENDERED: Mapping[str, str] = MappingProxyType(
    {REPORT_MARKDOWN: "md", REPORT_HTML: "html", REPORT_JUNIT: "junit", REPORT_SUMMARY: "summary"}
)
"""The members that the report for programs is rendered to, and the form of each."""
ATTESTATION = "attestation.dsse.json"
EVIDENCE_FOLDER = "ghcr-audit-evidence"
"""Below Prefect's result storage: where flows keep ledgers and bundles."""
BLOB = re.compile(r"blobs/([0-9a-f]{64})")
REQUIRED = (MANIFEST, LEDGER, REPORT_JSON, *RENDERED)
_MIB = 1024 * 1024
ARCHIVE_LIMIT_BYTES = 64 * _MIB
"""Of the archive, compressed."""
TOTAL_LIMIT_BYTES = 512 * _MIB
"""Of all members together."""
KEPT_LIMIT_BYTES = 96 * _MIB
"""Of the outputs that are held in memory while a report is judged again."""
MEMBERS_LIMIT = 20_000
REPORT_LIMIT_BYTES = 32 * _MIB
"""Of the report for programs, which is parsed as a whole."""
_MEMBER_LIMIT_BYTES = 64 * _MIB
_LIMITS = {
    MANIFEST: 4 * _MIB,
    REPORT_JSON: REPORT_LIMIT_BYTES,
    REPORT_MARKDOWN: 32 * _MIB,
    REPORT_HTML: _MEMBER_LIMIT_BYTES,
    REPORT_JUNIT: 32 * _MIB,
    REPORT_SUMMARY: _MIB,
    ATTESTATION: _MIB,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of a bundle."""

    name: str
    content: bytes


class Listed(Value):
    """A member as the manifest lists it."""

    name: str
    sha256: Digest
    size_bytes: int = Field(ge=0)


class Manifest(Value):
    """What a bundle holds, and whose it is. It lists every member but itself."""

    schema_version: int = SCHEMA_VERSION
    run: str
    target: str
    tag: str
    verdict: Verdict
    version: str
    """Of the program that made it."""
    finished_at: AwareDatetime
    """Of the report; to the second it is the time of every member."""
    ledger_head: Digest
    """Hash of the ledger's last entry, which is the one of this report."""
    ledger_entries: int = Field(ge=1)
    members: tuple[Listed, ...]


def limit_bytes(name: str) -> int | None:
    """How large a member of this name may be; None: no bundle has a member of this name."""
    if name in (LEDGER, *_LIMITS) or BLOB.fullmatch(name):
        return _LIMITS.get(name, _MEMBER_LIMIT_BYTES)
    return None


def blob_name(digest: str) -> str:
    """The member that holds the output with this hash."""
    return f"blobs/{digest}"


def bundle_name(run: str) -> str:
    """The bundle's file name."""
    return f"evidence-{run}.tar.gz"
