"""Where ledgers lie: on the disk before anything goes on, whole after a kill, in a folder or in shared storage."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.filesystems import LocalFileSystem, RemoteFileSystem
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings

from ghcr_audit.adapters.ledger import FolderLedger, Ledger, LedgerError, OvertakenError, Stored
from ghcr_audit.evidence import Attempt, Link
from ghcr_audit.ledger.check import check
from ghcr_audit.ledger.entry import Begin, Seen
from ghcr_audit.ledger.outputs import INLINE_BYTES
from tasks.ledger import SharedBundles, SharedLedger, bundles, keep_restored, ledger_of
from tests.pure.ledgers import FEW, RUN, audit_of, walked

pytestmark = pytest.mark.loopback

WRITER = """
import sys
from pathlib import Path
from ghcr_audit.adapters.ledger import FolderLedger, Ledger
from ghcr_audit.evidence import Attempt
ledger = Ledger(FolderLedger(Path(sys.argv[1])), sys.argv[2])
for number in range(1, int(sys.argv[3]) + 1):
    ledger.tried(Attempt(number=number, outcome="lab " + "x" * 20_000), ())
    print(number, flush=True)
"""


def ledger_file(folder: Path) -> Path:
    return folder / f"ledger-{RUN}" / "ledger.jsonl"


def writer(folder: Path, entries: int) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", WRITER, str(folder), RUN, str(entries)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_whole(folder: Path) -> tuple[int, ...]:
    """The numbers of its entries."""
    stored = FolderLedger(folder).read(RUN)
    found = check(stored.lines, {})
    assert found.problems == ()
    return tuple(entry.number for entry in found.entries)


def test_a_run_without_a_ledger_has_no_lines(tmp_path: Path) -> None:
    assert FolderLedger(tmp_path).read(RUN) == Stored()
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_is_its_owners_alone_and_goes_on_in_another_process(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    walked(Ledger(FolderLedger(folder), RUN), audit_of("healthy-pulled"))
    before = assert_those(folder)
    done = writer(folder, 2)
    out, error = done.communicate(timeout=60)
    assert done.returncode == 0, error
    assert out.split() == ["1", "2"]
    entries = Ledger(FolderLedger(folder), RUN).entries()
    assert len(entries) == before + 2
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert (folder.stat().st_mode & 0o777, ledger_file(folder).parent.stat().st_mode & 0o777) == (0o700, 0o700)
    blobs = list((ledger_file(folder).parent / "blobs").iterdir())
    assert {path.stat().st_mode & 0o777 for path in blobs} == {0o600}


def assert_those(folder: Path) -> int:
    return len(Ledger(FolderLedger(folder), RUN).entries())


def test_an_entry_is_on_the_disk_before_the_next_line_of_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entry is synced: its file each time, its folder when it is new."""
    synced: list[str] = []
    true = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        true(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    ledger = Ledger(FolderLedger(tmp_path), RUN)
    ledger.begin(audit_of("healthy", *FEW))
    assert synced[-2:] == ["ledger.jsonl", f"ledger-{RUN}"]
    synced.clear()
    ledger.seen(Link.DIGEST, ())
    assert synced == ["ledger.jsonl"]


@pytest.mark.parametrize("kept", [1, 7, 200])
def test_a_line_that_was_never_finished_is_cut_and_the_next_entry_says_so(tmp_path: Path, kept: int) -> None:
    ledger = Ledger(FolderLedger(tmp_path), RUN)
    ledger.begin(audit_of("healthy", *FEW))
    whole = ledger_file(tmp_path).read_bytes()
    ledger_file(tmp_path).write_bytes(whole + whole[:kept])
    assert FolderLedger(tmp_path).read(RUN).torn_bytes == kept
    ledger.seen(Link.AUTH, ())
    ledger.seen(Link.DIGEST, ())
    assert [entry.cut_bytes for entry in ledger.entries()] == [0, kept, 0]
    assert assert_whole(tmp_path) == (1, 2, 3)


@pytest.mark.parametrize("after_s", [0.05, 0.2, 0.4])
def test_a_writer_that_is_killed_leaves_every_entry_that_it_was_done_with(tmp_path: Path, after_s: float) -> None:
    Ledger(FolderLedger(tmp_path), RUN).begin(audit_of("healthy", *FEW))
    process = writer(tmp_path, 100_000)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    done = max([1, *map(int, out.split())])
    Ledger(FolderLedger(tmp_path), RUN).begin(audit_of("healthy", *FEW))
    numbers = assert_whole(tmp_path)
    assert len(numbers) >= done + 2
    assert Ledger(FolderLedger(tmp_path), RUN).entries()[-1].pass_ == 2


def test_two_processes_that_write_at_once_keep_one_chain(tmp_path: Path) -> None:
    Ledger(FolderLedger(tmp_path), RUN).begin(audit_of("healthy", *FEW))
    processes = [writer(tmp_path, 8) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert assert_whole(tmp_path) == tuple(range(1, 18))


def test_an_entry_after_another_state_than_the_one_that_was_read_is_refused(tmp_path: Path) -> None:
    store = FolderLedger(tmp_path)
    Ledger(store, RUN).begin(audit_of("healthy", *FEW))
    with pytest.raises(OvertakenError, match="another process wrote to it"):
        store.append(RUN, b"{}", Stored())


def test_a_ledger_that_somebody_overwrote_is_not_continued(tmp_path: Path) -> None:
    ledger = Ledger(FolderLedger(tmp_path), RUN)
    ledger.begin(audit_of("healthy", *FEW))
    ledger_file(tmp_path).write_text("nothing was seen\n", encoding="utf-8")
    with pytest.raises(LedgerError, match="it cannot be continued"):
        ledger.seen(Link.AUTH, ())
    assert ledger_file(tmp_path).read_text(encoding="utf-8") == "nothing was seen\n"


@pytest.mark.parametrize("run", ["", "../other", "a/b", "a b", "x" * 65])
def test_a_run_that_no_file_can_be_named_by_is_refused(tmp_path: Path, run: str) -> None:
    with pytest.raises(LedgerError, match="no id that a file can be named by"):
        FolderLedger(tmp_path).read(run)


def test_evidence_that_cannot_be_stored_ends_the_audit_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ledger = Ledger(FolderLedger(tmp_path / "file" / "folder"), RUN)
    with pytest.raises(LedgerError, match="read or write it: Not a directory"):
        ledger.begin(audit_of("healthy", *FEW))


def test_nothing_new_is_no_entry_where_none_is_asked_for(tmp_path: Path) -> None:
    ledger, audit = Ledger(FolderLedger(tmp_path), RUN), audit_of("healthy", *FEW)
    walked(ledger, audit)
    before = len(ledger.entries())
    ledger.seen(Link.DEPLOY, audit.observations, always=False)
    assert len(ledger.entries()) == before
    ledger.seen(Link.DEPLOY, audit.observations)
    last = ledger.entries()[-1].body
    assert isinstance(last, Seen)
    assert last.observations == ()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "storage"
    with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: folder}):
        yield folder


def test_prefects_local_storage_holds_ledger_and_bundle_side_by_side(storage: Path) -> None:
    walked(ledger_of(RUN), audit_of("healthy", *FEW))
    place = bundles().keep("evidence-lab.tar.gz", b"content")
    assert Path(place) == storage / "ghcr-audit-evidence" / "evidence-lab.tar.gz"
    assert Path(place).read_bytes() == b"content"
    assert assert_whole(storage / "ghcr-audit-evidence")


def test_what_a_restore_saw_is_added_to_the_ledger_of_the_run_that_had_left_its_host(storage: Path) -> None:
    few, audit = audit_of("healthy", *FEW), audit_of("healthy-pulled")
    keep_restored(RUN, audit, by="recover")
    assert ledger_of(RUN).entries() == (), "a run that has no ledger gets none"
    walked(ledger_of(RUN), few)
    keep_restored(RUN, audit, by="recover lab")
    keep_restored(RUN, None, by="recover lab")
    last = ledger_of(RUN).entries()[-1].body
    assert isinstance(last, Seen)
    assert (last.link, last.by) == (Link.ROLLBACK, "recover lab")


def test_evidence_that_cannot_be_stored_keeps_no_host_from_being_put_back(storage: Path) -> None:
    storage.touch()
    keep_restored(RUN, audit_of("healthy"), by="recover lab")


def test_a_ledger_in_shared_storage_goes_on_in_another_worker() -> None:
    basepath = f"memory://{uuid.uuid4()}"
    ours, theirs = (SharedLedger(RemoteFileSystem(basepath=basepath)) for _ in range(2))
    audit = audit_of("healthy-pulled")
    long = audit.observations[0].model_copy(update={"stdout": "x" * (INLINE_BYTES + 1)})
    walked(Ledger(ours, RUN), audit.model_copy(update={"observations": (long, *audit.observations[1:])}))
    known = Ledger(ours, RUN).entries()
    Ledger(theirs, RUN).begin(audit)
    entries = Ledger(theirs, RUN).entries()
    assert entries[:-1] == known
    assert isinstance(entries[-1].body, Begin)
    assert entries[-1].previous == known[-1].hash
    first = next(entry.body for entry in entries if isinstance(entry.body, Seen))
    blob = first.observations[0].stdout_blob
    assert blob is not None
    assert theirs.blob(RUN, blob.sha256) == b"x" * (INLINE_BYTES + 1)
    assert theirs.blob(RUN, "0" * 64) is None
    place = SharedBundles(RemoteFileSystem(basepath=basepath)).keep("evidence-lab.tar.gz", b"\x1f\x8b\x00")
    assert place.startswith("ghcr-audit-evidence/evidence-lab.tar.gz in the storage block")


def test_a_shared_ledger_that_is_not_all_given_out_is_not_continued(tmp_path: Path) -> None:
    storage = LocalFileSystem(basepath=str(tmp_path))
    ledger = Ledger(SharedLedger(storage), RUN)
    ledger.begin(audit_of("healthy", *FEW))
    ledger.tried(Attempt(number=1, outcome="accepted"), ())
    (tmp_path / "ghcr-audit-evidence" / f"ledger-{RUN}" / "entries" / "000002.json").unlink()
    ledger.seen(Link.AUTH, ())
    with pytest.raises(LedgerError, match=r"1 entries \(expected b'3'\)") as raised:
        Ledger(SharedLedger(storage), RUN).entries()
    assert not raised.value.temporary, "no link is walked again for the ledger's sake"
