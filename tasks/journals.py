"""What outlives a run in Prefect's result storage: open journals of drills, and releases that were seen healthy.

In a folder it is written through to the disk. No secret is in it.
"""

import json
from functools import lru_cache
from pathlib import Path

from prefect.filesystems import WritableFileSystem

from ghcr_audit.adapters.journals import write_synced
from ghcr_audit.images import is_tag
from tasks.storage import done, result_storage, storage_key

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
            content = done(self._storage.read_path(key))
        except Exception:  # noqa: BLE001 - each kind of storage has errors of its own for a missing text
            return self._own.get(key)
        return content.decode("utf-8", "replace") or None

    def write(self, key: str, text: str) -> None:
        """Keep it, in place of an earlier one."""
        self._own[key] = text
        done(self._storage.write_path(key, text.encode()))

    def remove(self, key: str) -> None:
        """Let it go; no error when there is none."""
        self._own.pop(key, None)
        done(self._storage.write_path(key, b""))


def _store() -> FolderTexts | SharedTexts:
    return _store_of(storage_key())


@lru_cache(maxsize=8)
def _store_of(_key: tuple[str, str]) -> FolderTexts | SharedTexts:
    storage = result_storage()
    return FolderTexts(storage) if isinstance(storage, Path) else SharedTexts(storage)
