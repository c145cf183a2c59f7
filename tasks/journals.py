"""What outlives a run in Prefect's result storage: open journals of drills, and releases that were seen healthy.

Local by default (below PREFECT_HOME, written through to the disk), shared where several workers share a storage
block (PREFECT_DEFAULT_RESULT_STORAGE_BLOCK). No secret is in it.
"""

import inspect
import json
from collections.abc import Coroutine
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from prefect.filesystems import LocalFileSystem, WritableFileSystem
from prefect.results import get_default_result_storage
from prefect.settings import get_current_settings
from prefect.utilities.asyncutils import run_coro_as_sync

from ghcr_audit.adapters.journals import write_synced
from ghcr_audit.images import is_tag

_T = TypeVar("_T")
MAX_HEALTHY = 50
"""So many releases are remembered for each target."""


class PrefectJournals:
    """Keeps one open journal per target at most, as the `JournalStore` of the drill."""

    def __init__(self) -> None:
        self._kept = _store()

    def read(self, target: str) -> str | None:
        """The open journal of this target, or None."""
        return self._kept.read(_journal_key(target)) or None

    def write(self, target: str, text: str) -> None:
        """Keep it; an earlier one is replaced as a whole, and it is stored before this returns."""
        self._kept.write(_journal_key(target), text)

    def remove(self, target: str) -> None:
        """The drill is over; no error when there is no journal."""
        self._kept.remove(_journal_key(target))


def healthy_releases(target: str) -> tuple[str, ...]:
    """Releases that were seen running healthy on this target, the newest sight first."""
    text = _store().read(_healthy_key(target))
    try:
        known = json.loads(text) if text else []
    except ValueError:  # half a file of another machine's making
        known = []
    found = [tag for tag in known if isinstance(tag, str) and is_tag(tag)] if isinstance(known, list) else []
    return tuple(found[:MAX_HEALTHY])


def remember_healthy(target: str, tag: str) -> None:
    """Remember that this release was seen running healthy on this target, just now."""
    known = healthy_releases(target)
    if known[:1] != (tag,):
        newest = [tag, *(one for one in known if one != tag)][:MAX_HEALTHY]
        _store().write(_healthy_key(target), json.dumps(newest))


def _journal_key(target: str) -> str:
    return f"ghcr-audit-journal-{target}"


def _healthy_key(target: str) -> str:
    return f"ghcr-audit-healthy-{target}"


class FolderTexts:
    """Texts in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, key: str) -> str | None:
        """The text, or None."""
        try:
            return (self._folder / key).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def write(self, key: str, text: str) -> None:
        """Keep it, in place of an earlier one."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_synced(self._folder / key, text)

    def remove(self, key: str) -> None:
        """Let it go; no error when there is none."""
        (self._folder / key).unlink(missing_ok=True)


class SharedTexts:
    """Texts in a storage block. Blocks cannot delete: what is removed is empty.

    They also cannot tell a missing text from a storage that is away; so what this process wrote itself counts on.
    """

    def __init__(self, storage: WritableFileSystem) -> None:
        self._storage = storage
        self._own: dict[str, str] = {}

    def read(self, key: str) -> str | None:
        """The text, or None."""
        try:
            content = _done(self._storage.read_path(key))
        except Exception:  # noqa: BLE001 - each kind of storage has errors of its own for a missing text
            return self._own.get(key)
        return content.decode("utf-8", "replace") or None

    def write(self, key: str, text: str) -> None:
        """Keep it, in place of an earlier one."""
        self._own[key] = text
        _done(self._storage.write_path(key, text.encode()))

    def remove(self, key: str) -> None:
        """Let it go; no error when there is none."""
        self._own.pop(key, None)
        _done(self._storage.write_path(key, b""))


def _done(answer: Coroutine[Any, Any, _T]) -> _T:
    """What a block's method returns: a value here, where no event loop runs; of some blocks a coroutine still."""
    return run_coro_as_sync(answer) if inspect.isawaitable(answer) else cast(_T, answer)


def _store() -> FolderTexts | SharedTexts:
    """The same one for a whole run: a server that is away for a moment does not move it."""
    results = get_current_settings().results
    return _store_of(str(results.default_storage_block), str(results.local_storage_path))


@lru_cache(maxsize=8)
def _store_of(_block: str, _path: str) -> FolderTexts | SharedTexts:
    storage = cast(WritableFileSystem, get_default_result_storage())
    if isinstance(storage, LocalFileSystem):
        return FolderTexts(Path(storage.basepath or ".").expanduser().resolve())
    return SharedTexts(storage)
