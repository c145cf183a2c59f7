"""The programs that the lab runs, fetched as Debian packages and unpacked into a cache folder, never installed.

Nothing on the machine changes: no maintainer script runs, so there is no second engine on docker0, no firewall
rule, no SSH server on port 22. An engine that is installed and new enough is used where it is.

The cache folder is $GHCR_AUDIT_CACHE, else $XDG_CACHE_HOME/ghcr-audit, else ~/.cache/ghcr-audit; it may be
deleted while no lab is up. `python -m lab.packages` fetches what is missing (85 MB, 330 MB unpacked).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from lab.apt import Apt
from lab.errors import LabError
from lab.libraries import adopt, library_path, missing_libraries
from lab.processes import run_or_fail
from lab.recipe import COMPOSE_FOLDERS, ELSEWHERE, SYSTEM_PATH, Recipe, recipe_for, this_distribution, why_no_way


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """Where the lab's programs lie.

    `root` is the unpacked tree; a program that is installed and good enough lies elsewhere. `path` finds the
    engine's own programs (containerd, runc) first; `ld_library_path` is empty unless a library was fetched too.
    `brings_curl`: curl had to be fetched. `sshd_programs`: the folder with the several programs of which an sshd
    consists since OpenSSH 9.8, None for an older one.
    """

    root: Path
    dockerd: Path
    docker: Path
    compose: Path
    registry: Path
    sshd: Path
    busybox: Path
    path: str
    ld_library_path: str
    brings_curl: bool
    sshd_programs: Path | None

    def environment(self) -> Mapping[str, str]:
        """The whole environment that the lab's own programs get: nothing of the caller's leaks into them."""
        libraries = {"LD_LIBRARY_PATH": self.ld_library_path} if self.ld_library_path else {}
        return {"PATH": self.path, "LC_ALL": "C", "HOME": "/nonexistent", **libraries}

    def seen_at(self, mount: Path) -> Packages:
        """The same programs as they are seen where the tree is mounted at `mount`."""
        old, new = str(self.root), str(mount)
        return replace(
            self,
            root=mount,
            dockerd=_moved(self.dockerd, old, new),
            docker=_moved(self.docker, old, new),
            compose=_moved(self.compose, old, new),
            registry=_moved(self.registry, old, new),
            sshd=_moved(self.sshd, old, new),
            sshd_programs=self.sshd_programs and _moved(self.sshd_programs, old, new),
            busybox=_moved(self.busybox, old, new),
            path=self.path.replace(old, new),
            ld_library_path=self.ld_library_path.replace(old, new),
        )


def _moved(program: Path, old: str, new: str) -> Path:
    return Path(str(program).replace(f"{old}/", f"{new}/", 1))


def cache_folder() -> Path:
    """The folder for everything that may be fetched again."""
    own = os.environ.get("GHCR_AUDIT_CACHE")
    if own:
        return Path(own).absolute()
    xdg = os.environ.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache").absolute() / "ghcr-audit"


def ensure(log: Callable[[str], None] = lambda line: None, *, from_outside: bool = False) -> Packages:
    """The lab's programs, fetched if they are not in the cache yet. Safe for several processes at once.

    `from_outside`: ahead of a lab that will run in namespaces, in which there is no network to fetch from.

    Raises:
        LabError: no lab can run here, or they cannot be fetched.
    """
    if from_outside and (reason := why_no_way()):
        raise LabError(reason, hint=ELSEWHERE)
    recipe = recipe_for(this_distribution(needs_root=not from_outside))
    folder = cache_folder() / "packages"
    tree = folder / recipe.key
    if not _complete(tree):
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder, log):
            if not _complete(tree):
                _fetch(recipe, folder, log)
    return _located(tree)


def unpacked(name: str, packages: Sequence[str], log: Callable[[str], None], *, without: Sequence[str] = ()) -> Path:
    """Packages of the machine's own suite in a tree of their own, with libraries that the machine lacks.

    `without`: libraries that are not needed, by how their packages' names begin.

    Raises:
        LabError: they cannot be fetched.
    """
    machine = this_distribution(needs_root=False)
    folder = cache_folder() / "packages"
    tree = folder / f"{name}-{machine.codename}-{machine.architecture}-{'-'.join(packages)}"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder, log):
        if not _complete(tree):
            _sweep(folder)
            log(f"packages: fetching {' '.join(packages)}")
            apt = Apt(folder / "apt-own", machine)
            apt.prepare()
            libraries = [one for one in apt.libraries_of(packages) if not one.startswith(tuple(without))]
            _unpack(apt, (*packages, *libraries), tree)
    return tree


def _unpack(apt: Apt, packages: Sequence[str], tree: Path) -> None:
    with tempfile.TemporaryDirectory(dir=tree.parent, prefix="unpacking-") as temporary:
        debs = _add(apt, packages, Path(temporary, "debs"), Path(temporary, "tree"))
        Path(temporary, "tree", "packages.json").write_text(json.dumps(sorted(deb.stem for deb in debs), indent=1))
        Path(temporary, "tree").chmod(0o755)
        Path(temporary, "tree").rename(tree)


def _complete(tree: Path) -> bool:
    return (tree / "packages.json").is_file()


@contextlib.contextmanager
def _locked(folder: Path, log: Callable[[str], None]) -> Iterator[None]:
    """Only one process at a time fetches into a cache folder; the others wait and then find it all."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log("packages: waiting for another process that fetches them")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fetch(recipe: Recipe, folder: Path, log: Callable[[str], None]) -> None:
    """Fetch and unpack into a temporary folder, then rename: a tree is there whole or not at all."""
    started = time.monotonic()
    _sweep(folder)
    apt = Apt(folder / "apt", recipe.distribution, newer_suite=recipe.newer_suite)
    log(f"packages: reading package lists ({recipe.distribution.name} {recipe.distribution.codename})")
    apt.prepare()
    with tempfile.TemporaryDirectory(dir=folder, prefix="unpacking-") as temporary:
        tree = Path(temporary, "tree")
        log(f"packages: fetching {' '.join(recipe.packages)}")
        debs = _add(apt, recipe.packages, Path(temporary, "programs"), tree)
        debs += _add_libraries(apt, recipe, Path(temporary), tree, log)
        (tree / "packages.json").write_text(json.dumps(sorted(deb.stem for deb in debs), indent=1))
        tree.chmod(0o755)
        shutil.rmtree(folder / recipe.key, ignore_errors=True)
        tree.rename(folder / recipe.key)
    log(f"packages: {len(debs)} unpacked into {folder / recipe.key} in {time.monotonic() - started:.1f} s")


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half unpacked; the lock is held."""
    for leftover in folder.glob("unpacking-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _add(apt: Apt, packages: Sequence[str], downloads: Path, tree: Path) -> tuple[Path, ...]:
    """Fetch packages and unpack them into the tree, two at a time."""
    downloads.mkdir(parents=True)
    debs = apt.download(packages, downloads)
    tree.mkdir(exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        unpack = (pool.submit(run_or_fail, ["dpkg-deb", "-x", str(deb), str(tree)], timeout_s=300) for deb in debs)
        for done in list(unpack):
            done.result()
    return debs


def _add_libraries(
    apt: Apt, recipe: Recipe, temporary: Path, tree: Path, log: Callable[[str], None]
) -> tuple[Path, ...]:
    """Fetch the libraries that the machine lacks, if any program in the tree misses one.

    They come from the machine's own suite alone: those of a newer one could need a newer libc.
    """
    missing = missing_libraries(tree)
    if not missing:
        return ()
    log(f"packages: fetching what brings {' '.join(sorted(missing))}")
    own = apt.own_suite_only()
    names = own.libraries_of([name for name in recipe.packages if "/" not in name])
    debs = _add(own, names, temporary / "libraries", temporary / "unpacked")
    while adopt(missing, temporary / "unpacked", tree):
        missing = missing_libraries(tree)
    if missing:
        raise LabError(f"packages: libraries missing on this machine: {' '.join(sorted(missing))}", hint=ELSEWHERE)
    return debs


def _located(tree: Path) -> Packages:
    """The programs in the tree, or the installed ones for those that the tree was not asked to hold."""
    path = f"{tree}/usr/sbin:{tree}/usr/bin:{SYSTEM_PATH}"
    compose = _in_tree_or_installed(tree, tuple(folder / "docker-compose" for folder in COMPOSE_FOLDERS))
    return Packages(
        root=tree,
        dockerd=_program("dockerd", path),
        docker=_program("docker", path),
        compose=compose,
        registry=_program("docker-registry", path),
        sshd=_program("sshd", path),
        busybox=_in_tree_or_installed(tree, (Path("/usr/bin/busybox"), Path("/bin/busybox"))),
        path=path,
        ld_library_path=library_path(tree),
        brings_curl=(tree / "usr/bin/curl").exists(),
        sshd_programs=_sshd_programs(_program("sshd", path)),
    )


def _sshd_programs(sshd: Path) -> Path | None:
    """The folder beside an sshd (PREFIX/sbin/sshd) that holds its other programs, if it has any."""
    folder = sshd.parent.parent / "lib/openssh"
    return folder if (folder / "sshd-session").is_file() else None


def _program(name: str, path: str) -> Path:
    found = shutil.which(name, path=path)
    if found is None:
        raise LabError(f"packages: {name} is in none of {path}", hint=f"Delete {cache_folder()} and try again.")
    return Path(found)


def _in_tree_or_installed(tree: Path, places: Sequence[Path]) -> Path:
    candidates = [tree / place.relative_to("/") for place in places] + list(places)
    found = next((place for place in candidates if place.is_file()), None)
    if found is None:
        raise LabError(f"packages: {places[0].name} is not there", hint=f"Delete {cache_folder()} and try again.")
    return found


def main() -> int:
    """Fetch what is missing and print the folder; exit code 1 with one sentence when that cannot be."""
    try:
        packages = ensure(lambda line: print(line, file=sys.stderr), from_outside=True)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print(packages.root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
