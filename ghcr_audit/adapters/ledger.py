"""Where ledgers are kept, and how they grow: an entry is on the disk before the next thing is looked at."""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from ghcr_audit import __version__
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.audit import Audit
from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Attempt, Link, Observation
from ghcr_audit.ledger.canonical import sha256
from ghcr_audit.ledger.check import recorded_in
from ghcr_audit.ledger.entry import FIRST_PREVIOUS, Begin, Body, Entry, Reported, Seen, Tried, entry, render
from ghcr_audit.ledger.outputs import long_outputs, recorded

_RUN = re.compile(r"[A-Za-z0-9-]{1,64}")
_TRIES = 10
"""So often an entry is made anew when another process was quicker: a run's hook, `recover`."""


class LedgerError(AuditError):
    """A ledger cannot be kept or continued: nothing more is to be done without evidence.

    Never temporary: a link that was walked must not be walked again because of it, least of all a deploy.
    """


class OvertakenError(LedgerError):
    """Another process wrote an entry in the meantime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A ledger as it lies there. `torn_bytes`: of a last line that was never finished."""

    lines: tuple[bytes, ...] = ()
    torn_bytes: int = 0


class LedgerStore(Protocol):
    """Keeps the ledgers of runs, and the outputs that stand apart."""

    def read(self, run: str) -> Stored:
        """All lines of a run's ledger; none when there is no ledger."""

    def append(self, run: str, line: bytes, after: Stored) -> None:
        """Add one line; it is stored before this returns, and what was torn is cut.

        Raises:
            OvertakenError: the ledger is no longer as it was when `after` was read.
        """

    def keep_blob(self, run: str, content: bytes) -> None:
        """Keep an output under its SHA-256, once; it is stored before this returns."""

    def blob(self, run: str, digest: str) -> bytes | None:
        """The output with this SHA-256, or None."""


class FolderLedger:
    """A folder for each run: `ledger.jsonl`, and `blobs/` beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, run: str) -> Stored:
        """All lines of a run's ledger."""
        try:
            return _stored((self._run(run) / "ledger.jsonl").read_bytes())
        except FileNotFoundError:
            return Stored()

    def append(self, run: str, line: bytes, after: Stored) -> None:
        """Add one line, under a lock; file and folder are on the disk before this returns."""
        folder = self._run(run)
        _make_folder(folder)
        with (folder / "ledger.jsonl").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if _stored(file.read()) != after:
                raise OvertakenError(f"ledger of run {run}: another process wrote to it")
            file.truncate(sum(len(known) + 1 for known in after.lines))
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if not after.lines:
            _sync_folder(folder)

    def keep_blob(self, run: str, content: bytes) -> None:
        """Keep an output under its SHA-256, once."""
        folder = self._run(run) / "blobs"
        path = folder / sha256(content)
        if path.exists():
            return
        _make_folder(folder)
        keep_file(path, content)

    def blob(self, run: str, digest: str) -> bytes | None:
        """The output with this SHA-256, or None."""
        try:
            return (self._run(run) / "blobs" / digest).read_bytes()
        except FileNotFoundError:
            return None

    def _run(self, run: str) -> Path:
        return self._folder / f"ledger-{checked_run(run)}"


class Ledger:
    """The ledger of one run. Nothing is held in memory: another process may go on with it at any time."""

    def __init__(self, store: LedgerStore, run: str) -> None:
        self.run = run
        self.store = store

    def entries(self) -> tuple[Entry, ...]:
        """All entries as they are stored.

        Raises:
            LedgerError: somebody changed it: it can no longer be continued.
        """
        return self._parsed(self.stored())

    def stored(self) -> Stored:
        """All lines as they are stored."""
        with _told(self.run):
            return self.store.read(self.run)

    def begin(self, audit: Audit) -> None:
        """A pass begins."""
        self.add(
            Begin(
                version=__version__,
                target=audit.target,
                tag=audit.tag,
                mode=audit.mode,
                started_at=audit.started_at,
                rollback_to=audit.rollback_to,
                forced=audit.forced,
                history=audit.history,
            )
        )

    def seen(self, link: Link, observations: Iterable[Observation], *, by: str = "", always: bool = True) -> None:
        """What was observed since the last entry: those of `observations` that no entry holds yet.

        Without `always`, nothing is written when nothing is new.
        """
        new = self._kept_apart(observations)
        if new or always:
            self.add(Seen(link=link, observations=tuple(recorded(one) for one in new), by=by))

    def tried(self, attempt: Attempt, observations: Iterable[Observation]) -> None:
        """How a credential fared."""
        new = self._kept_apart(observations)
        self.add(Tried(attempt=attempt, observations=tuple(recorded(one) for one in new)))

    def report(self, told: Reported, text: bytes) -> Entry:
        """A report was made; its JSON stands apart, so that later bundles hold it, too."""
        with _told(self.run):
            self.store.keep_blob(self.run, text)
        return self.add(told)

    def add(self, body: Body) -> Entry:
        """One entry more, stored before this returns.

        Raises:
            LedgerError: it cannot be stored, or what is stored cannot be continued.
        """
        for _ in range(_TRIES):
            stored = self.stored()
            made = self._next(body, self._parsed(stored), stored.torn_bytes)
            try:
                with _told(self.run):
                    self.store.append(self.run, render(made), stored)
            except OvertakenError:
                continue
            return made
        raise LedgerError(f"ledger of run {self.run}: another process keeps writing to it")

    def _kept_apart(self, observations: Iterable[Observation]) -> tuple[Observation, ...]:
        """The new ones among them, once their long outputs are stored."""
        known = {one.digest for made in self.entries() for one in recorded_in(made)}
        new = {recorded(one).digest: one for one in observations}
        fresh = tuple(one for digest, one in new.items() if digest not in known)
        with _told(self.run):
            for content in long_outputs(fresh):
                self.store.keep_blob(self.run, content)
        return fresh

    def _next(self, body: Body, before: tuple[Entry, ...], torn_bytes: int) -> Entry:
        passes = before[-1].pass_ if before else 0
        return entry(
            body,
            number=len(before) + 1,
            at=utc_now(),
            run=self.run,
            pass_=passes + 1 if isinstance(body, Begin) else max(passes, 1),
            previous=before[-1].hash if before else FIRST_PREVIOUS,
            cut_bytes=torn_bytes,
        )

    def _parsed(self, stored: Stored) -> tuple[Entry, ...]:
        try:
            return tuple(Entry.model_validate_json(line) for line in stored.lines)
        except ValidationError:
            raise LedgerError(
                f"ledger of run {self.run}: it cannot be continued: a line of it is none of ours",
                hint="Somebody changed it where it is stored. Keep it as it is, and begin a new run.",
            ) from None


def checked_run(run: str) -> str:
    """The run's id, fit for the name of a file.

    Raises:
        LedgerError: it is none.
    """
    if not _RUN.fullmatch(run):
        raise LedgerError("ledger: the run has no id that a file can be named by")
    return run


def keep_file(path: Path, content: bytes) -> None:
    """Put a file there as a whole, for its owner alone; file and folder are on the disk before this returns."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with new.open("wb") as file:
        new.chmod(0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def _stored(content: bytes) -> Stored:
    *lines, torn = content.split(b"\n")
    return Stored(lines=tuple(lines), torn_bytes=len(torn))


def _make_folder(folder: Path) -> None:
    """For its owner alone, with what leads to it; on the disk before this returns."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _told(run: str) -> Iterator[None]:
    """A storage's own errors, in one sentence."""
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"ledger of run {run}: read or write it: {error.strerror or type(error).__name__}",
            hint="Evidence is stored before the audit goes on. Make room in its storage, and start again.",
        ) from None
