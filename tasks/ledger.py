"""Where runs keep their evidence: below Prefect's result storage, ledger and bundles side by side.

A folder of this machine by default (below PREFECT_HOME, written through to the disk); with several workers a storage
block that they share (PREFECT_DEFAULT_RESULT_STORAGE_BLOCK), in which each entry of a ledger is an object of its own.
"""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from prefect.filesystems import WritableFileSystem
from prefect.settings import get_current_settings

from ghcr_audit.adapters.bundle import BundleStore, FolderBundles
from ghcr_audit.adapters.ledger import FolderLedger, Ledger, LedgerError, LedgerStore, Stored, checked_run
from ghcr_audit.audit import Audit
from ghcr_audit.bundle.content import EVIDENCE_FOLDER
from ghcr_audit.evidence import Link
from ghcr_audit.ledger.canonical import sha256
from tasks.storage import done, result_storage, storage_key


def ledger_of(run: str) -> Ledger:
    """The ledger of a flow run."""
    return Ledger(_stores()[0], run)


def bundles() -> BundleStore:
    """Where bundles are stored."""
    return _stores()[1]


def keep_restored(run: str, audit: Audit | None, *, by: str) -> None:
    """What was observed while a host was put back, into the ledger of the run that had left it.

    Best effort: evidence that cannot be stored must not keep a host from being put back, or hide how that went.
    """
    with suppress(Exception):
        ledger = ledger_of(run)
        if audit is not None and ledger.entries():
            ledger.seen(Link.ROLLBACK, audit.observations, by=by, always=False)


class SharedLedger:
    """Ledgers in a storage block: an object for each entry, and one that says how many there are.

    Blocks cannot tell a missing object from a storage that is away; so what this process knows counts on, and a
    ledger that has fewer entries than it says is not continued.
    """

    def __init__(self, storage: WritableFileSystem) -> None:
        self._storage = storage
        self._known: dict[str, tuple[bytes, ...]] = {}

    def read(self, run: str) -> Stored:
        """All lines of a run's ledger."""
        if run not in self._known:
            self._known[run] = self._lines(run)
        return Stored(lines=self._known[run])

    def append(self, run: str, line: bytes, after: Stored) -> None:
        """Add one line; it is stored before this returns."""
        number = len(after.lines) + 1
        _write(self._storage, self._entry(run, number), line)
        _write(self._storage, self._path(run, "count"), str(number).encode())
        self._known[run] = (*after.lines, line)

    def keep_blob(self, run: str, content: bytes) -> None:
        """Keep an output under its SHA-256."""
        _write(self._storage, self._path(run, f"blobs/{sha256(content)}"), content)

    def blob(self, run: str, digest: str) -> bytes | None:
        """The output with this SHA-256, or None."""
        return _read(self._storage, self._path(run, f"blobs/{digest}"))

    def _lines(self, run: str) -> tuple[bytes, ...]:
        told = _read(self._storage, self._path(run, "count")) or b"0"
        lines: list[bytes] = []
        while (line := _read(self._storage, self._entry(run, len(lines) + 1))) is not None:
            lines.append(line)
        if not told.isdigit() or len(lines) < int(told):
            raise LedgerError(
                f"ledger of run {run}: read it from the storage block: {len(lines)} entries (expected {told!r})",
                hint="The storage does not give out all that was stored. Start again when it does.",
            )
        return tuple(lines)

    def _entry(self, run: str, number: int) -> str:
        return self._path(run, f"entries/{number:06}.json")

    def _path(self, run: str, name: str) -> str:
        return f"{EVIDENCE_FOLDER}/ledger-{checked_run(run)}/{name}"


class SharedBundles:
    """Bundles in a storage block."""

    def __init__(self, storage: WritableFileSystem) -> None:
        self._storage = storage

    def keep(self, name: str, content: bytes) -> str:
        """Stored before this returns."""
        _write(self._storage, f"{EVIDENCE_FOLDER}/{name}", content)
        return f"{EVIDENCE_FOLDER}/{name} in the storage block {get_current_settings().results.default_storage_block}"


def _write(storage: WritableFileSystem, path: str, content: bytes) -> None:
    """Raises LedgerError; a storage's own words may hold signed addresses, and are not told."""
    try:
        done(storage.write_path(path, content))
    except Exception as error:  # noqa: BLE001 - each kind of storage has errors of its own
        raise LedgerError(f"evidence: store {path}: {type(error).__name__}") from None


def _read(storage: WritableFileSystem, path: str) -> bytes | None:
    try:
        return done(storage.read_path(path))
    except Exception:  # noqa: BLE001 - each kind of storage has errors of its own for what is missing
        return None


def _stores() -> tuple[LedgerStore, BundleStore]:
    return _stores_of(storage_key())


@lru_cache(maxsize=8)
def _stores_of(_key: tuple[str, str]) -> tuple[LedgerStore, BundleStore]:
    storage = result_storage()
    if isinstance(storage, Path):
        return FolderLedger(storage / EVIDENCE_FOLDER), FolderBundles(storage / EVIDENCE_FOLDER)
    return SharedLedger(storage), SharedBundles(storage)
