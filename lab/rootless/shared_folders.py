"""Folders of fixed names in `/tmp`, which another user of the machine may have made first.

`/tmp/ghcr-audit-ID`: where an audit keeps its locks on the lab's host, by the deploy user's number. Inside, that is
another user outside: a folder that somebody else's lab has left would not be ours, and nobody without root could
remove what ours leaves. `/tmp/runner_storage`: where Prefect's workers keep files, whoever runs them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lab.place import Place
from lab.rootless import kernel
from lab.state import USER_IDS, read_state

TEMPORARY = Path("/tmp")  # noqa: S108 - where they are looked for, whatever TMPDIR says
LOGIN_PREFIX = "ghcr-audit-"
RUNNERS = "runner_storage"


def cover_those_of_others() -> None:
    """Let every such folder be an empty one of the right user's, in our mount namespace alone."""
    for folder, user_id in _shared_folders():
        if folder.lstat().st_uid != user_id:
            kernel.mount_empty(folder, user_id)


def remove_our_own(labs: Path) -> None:
    """Remove those of deploy users who have no lab in the folder of all labs; run by the namespaces' root."""
    folders = labs.iterdir() if labs.is_dir() else iter(())
    states = (read_state(Place(folder=folder)) for folder in folders)
    used = {state.user_id for state in states if state is not None}
    for folder, user_id in _shared_folders():
        if user_id == 0:
            with contextlib.suppress(OSError):  # in use, or covered
                folder.rmdir()
        elif user_id not in used and folder.lstat().st_uid == user_id and not os.path.ismount(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _shared_folders() -> Iterator[tuple[Path, int]]:
    """The folders that are there, with the number inside of the user to whom each should belong."""
    candidates = [(TEMPORARY / RUNNERS, 0)]
    for folder in TEMPORARY.glob(f"{LOGIN_PREFIX}*"):
        number = folder.name.removeprefix(LOGIN_PREFIX)
        if number.isdecimal() and int(number) in USER_IDS:
            candidates.append((folder, int(number)))
    return ((folder, user_id) for folder, user_id in candidates if folder.is_dir() and not folder.is_symlink())
