"""Shared libraries that unpacked programs need and a minimal machine may lack."""

from __future__ import annotations

import re
from pathlib import Path

from lab.processes import run


def missing_libraries(tree: Path) -> frozenset[str]:
    """The shared libraries that programs of the tree need and nobody has (`ldd`: "NAME => not found")."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LD_LIBRARY_PATH": library_path(tree)}
    files = [file for part in ("bin", "sbin") for file in (tree / "usr" / part).glob("*") if file.is_file()]
    libraries = [file for folder in _library_folders(tree) for file in folder.glob("*.so.*")]
    words = run(["ldd", *map(str, files + libraries)], timeout_s=60, environment=environment).stdout.decode()
    return frozenset(re.findall(r"^\s*(\S+) => not found", words, re.MULTILINE))


def library_path(tree: Path) -> str:
    """LD_LIBRARY_PATH for the tree, empty when it brings no library."""
    return ":".join(map(str, _library_folders(tree)))


def _library_folders(tree: Path) -> tuple[Path, ...]:
    folders = sorted({*tree.glob("lib/*-linux-gnu*"), *tree.glob("usr/lib/*-linux-gnu*")})
    return tuple(folder for folder in folders if any(folder.glob("*.so.*")))
