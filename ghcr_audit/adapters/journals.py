"""Where the controller keeps journals of drills: one open journal per target at most."""

import os
from pathlib import Path
from typing import Protocol


class JournalStore(Protocol):
    """The controller's copies. It wins over the host's: nobody on the host can change it."""

    def read(self, target: str) -> str | None:
        """The open journal of this target, or None."""

    def write(self, target: str, text: str) -> None:
        """Keep it; it is stored before this returns."""

    def remove(self, target: str) -> None:
        """The drill is over; no error when there is no journal."""


class FolderJournals:
    """Journals as files of one folder, on disk (fsync) before `write` returns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, target: str) -> str | None:
        """The open journal of this target, or None."""
        try:
            return self._path(target).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def write(self, target: str, text: str) -> None:
        """Keep it; an earlier one is replaced as a whole."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(target)
        write_synced(path, text)

    def remove(self, target: str) -> None:
        """The drill is over."""
        self._path(target).unlink(missing_ok=True)

    def _path(self, target: str) -> Path:
        return self._folder / f"{target}.journal"


def write_synced(path: Path, text: str) -> None:
    """Replace a file as a whole; file and folder are on disk before this returns."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
