"""Evidence for tests: ledgers in memory, and bundles of recorded audits, sealed by the same code as real ones."""

from dataclasses import dataclass, field
from datetime import timedelta

from ghcr_audit.adapters.bundle import Sealed, seal
from ghcr_audit.adapters.ledger import Ledger, Stored
from ghcr_audit.audit import Audit
from ghcr_audit.bundle.archive import BLOCK
from ghcr_audit.evidence import Attempt, Link
from ghcr_audit.ledger.canonical import sha256
from ghcr_audit.report.making import report_of
from tests.pure.audits import recorded

RUN = "5f9a3c1e-0000-4000-8000-00000000001a"
FEW = ("host.reached", "registry.host", "registry.controller", "git.tags", "host.whoami")


@dataclass(kw_only=True)
class MemoryLedger:
    """A `LedgerStore` of this process."""

    lines: tuple[bytes, ...] = ()
    blobs: dict[str, bytes] = field(default_factory=dict)

    def read(self, run: str) -> Stored:
        return Stored(lines=self.lines)

    def append(self, run: str, line: bytes, after: Stored) -> None:
        assert after.lines == self.lines
        self.lines = (*self.lines, line)

    def keep_blob(self, run: str, content: bytes) -> None:
        self.blobs[sha256(content)] = content

    def blob(self, run: str, digest: str) -> bytes | None:
        return self.blobs.get(digest)


@dataclass(kw_only=True)
class MemoryBundles:
    """A `BundleStore` that keeps the newest."""

    content: bytes = b""

    def keep(self, name: str, content: bytes) -> str:
        self.content = content
        return f"memory/{name}"


def audit_of(name: str, *keys: str) -> Audit:
    """A recorded audit under the id of this run; with `keys`, of what it saw only these."""
    audit = recorded(name)
    seen = tuple(one for one in audit.observations if not keys or one.key in keys)
    return audit.model_copy(update={"observations": seen, "run": RUN})


def new_ledger(run: str) -> Ledger:
    """An empty ledger of this run, in memory."""
    return Ledger(MemoryLedger(), run)


def walked(ledger: Ledger, audit: Audit) -> None:
    """A pass: its beginning, and an entry for each link that saw something."""
    ledger.begin(audit)
    for link in Link:
        if seen := [one for one in audit.observations if one.link is link]:
            ledger.seen(link, seen)


def sealed_in(ledger: Ledger, audit: Audit, bundles: MemoryBundles) -> Sealed:
    """Its report, sealed, finished a minute after its beginning."""
    return seal(ledger, audit, report_of(audit, finished_at=audit.started_at + timedelta(minutes=1)), bundles)


def bundle_of(audit: Audit) -> bytes:
    """The bundle of a run with one pass."""
    ledger, bundles = Ledger(MemoryLedger(), RUN), MemoryBundles()
    walked(ledger, audit)
    sealed_in(ledger, audit, bundles)
    return bundles.content


def resumed_bundle() -> bytes:
    """The bundle of a run with two passes: blocked, a credential that was accepted, judged."""
    ledger, bundles = Ledger(MemoryLedger(), RUN), MemoryBundles()
    blocked = audit_of("credential-no-scope-pulled")
    walked(ledger, blocked)
    sealed_in(ledger, blocked, bundles)
    attempt = Attempt(number=1, outcome="accepted", accepted=True, way="sealed", answered_by="Lab Reader")
    again = audit_of("healthy-pulled").model_copy(update={"target": blocked.target}).after(attempt)
    ledger.begin(again)
    ledger.tried(attempt, ())
    ledger.seen(Link.PREFLIGHT, again.observations)
    sealed_in(ledger, again, bundles)
    return bundles.content


def bytes_of(tar: bytes, name: str) -> slice:
    """Where a member's content lies in an uncompressed tar of ours."""
    at = tar.index(name.encode() + b"\0") + BLOCK
    size = int(tar[at - BLOCK + 124 : at - BLOCK + 135], 8)
    return slice(at, at + size)
