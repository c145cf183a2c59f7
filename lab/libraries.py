"""Shared libraries that unpacked programs need and a minimal machine lacks.

Only those that are missing are put on the library path: a machine's own library is never replaced.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from lab.processes import run

_PROGRAM_FOLDERS = ("usr/bin", "usr/sbin", "usr/lib/openssh")


def missing_libraries(tree: Path) -> frozenset[str]:
    """The shared libraries that programs of the tree need and nobody has (`ldd`: "NAME => not found")."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LD_LIBRARY_PATH": library_path(tree)}
    files = [file for part in _PROGRAM_FOLDERS for file in (tree / part).glob("*") if file.is_file()]
    argv = ("ldd", *map(str, (*files, *_folder(tree).glob("*"))))
    words = run(argv, timeout_s=60, environment=environment).stdout.decode()
    return frozenset(re.findall(r"^\s*(\S+) => not found", words, re.MULTILINE))


def adopt(libraries: Iterable[str], unpacked: Path, tree: Path) -> int:
    """Copy these libraries from a folder of unpacked packages into the tree; returns how many were new there."""
    absent = (name for name in libraries if not (_folder(tree) / name).exists())
    found = [file for name in absent for file in list(unpacked.glob(f"**/{name}"))[:1]]
    _folder(tree).mkdir(parents=True, exist_ok=True)
    for file in found:
        shutil.copyfile(file, _folder(tree) / file.name)  # follows the link from libNAME.so.1 to libNAME.so.1.2.3
    return len(found)


def library_path(tree: Path) -> str:
    """LD_LIBRARY_PATH for the tree, empty when it brings no library."""
    return str(_folder(tree)) if _folder(tree).is_dir() else ""


def _folder(tree: Path) -> Path:
    return tree / "usr/lib/lab"
