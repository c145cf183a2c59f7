"""A Chromium for the browser tests: the installed one, else Debian's, unpacked and never installed.

Playwright's own browsers are not fetched: the packages come from the machine's own Debian mirror, as the lab's do.
`python -m tests.browser.chromium` fetches what is missing into the lab's cache folder: at most 260 MB, 880 MB unpacked.
"""

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.apt import Apt
from lab.errors import LabError
from lab.packages import cache_folder
from lab.processes import run, run_or_fail
from lab.recipe import SYSTEM_PATH, this_distribution

INSTALLED = ("chromium", "google-chrome")
PACKAGES = ("chromium", "chromium-common", "fonts-dejavu-core", "fonts-nanum")  # the latter for Korean
HINT = "Install Debian's package chromium, and run it again."
_PROGRAM = "usr/lib/chromium/chromium"
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>{tree}/usr/share/fonts</dir>
  <cachedir>{tree}/font-cache</cachedir>
</fontconfig>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromium:
    """A browser's program, and the variables that it needs beside the usual ones."""

    program: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def ensure(log: Callable[[str], None] = lambda line: None) -> Chromium:
    """An installed Chromium, else one from the cache, fetched if it is not there. Safe for several processes at once.

    Raises:
        LabError: there is none, and it cannot be fetched.
    """
    installed = (shutil.which(name, path=SYSTEM_PATH) for name in INSTALLED)
    program = next((Path(found) for found in installed if found), None)
    return Chromium(program=program) if program else _unpacked(log)


def _unpacked(log: Callable[[str], None]) -> Chromium:
    machine = this_distribution(needs_root=False)
    folder = cache_folder() / "chromium"
    tree = folder / f"{machine.name}-{machine.codename}-{machine.architecture}"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if not tree.is_dir():
            log(f"chromium: fetching {' '.join(PACKAGES)}")
            _fetch(Apt(folder / "apt", machine), tree)
    return located(tree)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Only one process at a time fetches; the others wait and then find it all."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fetch(apt: Apt, tree: Path) -> None:
    """Unpack browser, fonts and the libraries that the machine lacks; a tree is there whole and working, or not."""
    apt.prepare()
    with tempfile.TemporaryDirectory(dir=tree.parent, prefix="unpacking-") as temporary:
        downloads, unpacked = Path(temporary, "debs"), Path(temporary, "tree")
        downloads.mkdir()
        for deb in apt.download([*PACKAGES, *apt.libraries_of(PACKAGES[:1])], downloads):
            run_or_fail(["dpkg-deb", "-x", str(deb), str(unpacked)], timeout_s=300)
        (unpacked / "fonts.conf").write_text(_FONTS.format(tree=tree), encoding="utf-8")
        _check(located(unpacked))
        unpacked.chmod(0o755)
        unpacked.rename(tree)


def located(tree: Path) -> Chromium:
    """The browser of an unpacked tree; of libraries it brings only such that are not installed here."""
    folders = {str(library.parent) for library in tree.glob("**/lib/**/lib*.so*")}
    environment = {"LD_LIBRARY_PATH": ":".join(sorted(folders)), "FONTCONFIG_FILE": str(tree / "fonts.conf")}
    return Chromium(program=tree / _PROGRAM, environment=environment)


def _check(chromium: Chromium) -> None:
    """Refuse a browser that does not even tell its version."""
    environment = {"PATH": SYSTEM_PATH, "HOME": tempfile.gettempdir(), **chromium.environment}
    done = run([str(chromium.program), "--version"], timeout_s=60, environment=environment)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()[-300:]
        raise LabError(f"chromium: --version: exit code {done.returncode}: {words}", hint=HINT)


def main() -> int:
    """Fetch what is missing and print the program; exit code 1 with one sentence when that cannot be."""
    try:
        print(ensure(lambda line: print(line, file=sys.stderr)).program)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
