"""What outlives a run: open journals and healthy releases, in a folder of this machine or in shared storage."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.filesystems import LocalFileSystem, RemoteFileSystem
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings

from tasks.journals import MAX_HEALTHY, PrefectJournals, SharedTexts, healthy_releases, remember_healthy

pytestmark = pytest.mark.loopback

_OF_ANOTHER_PROCESS = "from tasks.journals import PrefectJournals; print(PrefectJournals().read('shop'), end='')"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Path]:
    """A result storage of this test's own."""
    folder = tmp_path / "storage"
    with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: folder}):
        yield folder


def test_a_journal_is_read_by_another_process_until_it_is_removed(storage: Path) -> None:
    journals = PrefectJournals()
    assert journals.read("shop") is None
    journals.write("shop", "first\n")
    journals.write("shop", "second\n")
    environment = {"PREFECT_LOCAL_STORAGE_PATH": str(storage), "PREFECT_HOME": str(storage.parent / "home")}
    done = subprocess.run(
        [sys.executable, "-c", _OF_ANOTHER_PROCESS], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "second\n"
    assert journals.read("other") is None
    journals.remove("shop")
    journals.remove("shop")
    assert journals.read("shop") is None
    assert list(storage.iterdir()) == [], "nothing half-written is left"


def test_a_journal_in_shared_storage_is_read_by_another_worker_until_it_is_removed() -> None:
    basepath = f"memory://{uuid.uuid4()}"
    ours, theirs = (SharedTexts(RemoteFileSystem(basepath=basepath)) for _ in range(2))
    assert theirs.read("key") is None
    ours.write("key", "text\n")
    assert theirs.read("key") == "text\n"
    ours.remove("key")
    assert (ours.read("key"), theirs.read("key")) == (None, None)


def test_a_shared_storage_that_is_away_does_not_make_a_run_forget_its_own_journal(tmp_path: Path) -> None:
    texts = SharedTexts(LocalFileSystem(basepath=str(tmp_path)))
    texts.write("key", "text\n")
    (tmp_path / "key").unlink()
    assert texts.read("key") == "text\n"


def test_healthy_releases_are_remembered_newest_first_and_once_each(storage: Path) -> None:
    assert healthy_releases("shop") == ()
    for tag in ("1", "2", "1", "1"):
        remember_healthy("shop", tag)
    assert healthy_releases("shop") == ("1", "2")
    for number in range(MAX_HEALTHY):
        remember_healthy("shop", f"next-{number}")
    assert healthy_releases("shop")[0] == f"next-{MAX_HEALTHY - 1}"
    assert len(healthy_releases("shop")) == MAX_HEALTHY
    assert healthy_releases("other") == ()


@pytest.mark.parametrize("text", ["", "[", "7", '{"a": 1}', json.dumps([1, "a b", "-rf", None])])
def test_a_history_that_is_none_is_empty(storage: Path, text: str) -> None:
    remember_healthy("shop", "1")
    next(iter(storage.iterdir())).write_text(text, encoding="utf-8")
    assert healthy_releases("shop") == ()
