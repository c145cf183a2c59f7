"""`python -m lab.fetch PACKAGE FOLDER`: unpack one package of the machine's own suite into a folder.

For `./run`, on a machine whose Python has no pip. Needs neither root nor anything but the standard library.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from lab.apt import Apt
from lab.errors import LabError
from lab.processes import run_or_fail
from lab.recipe import this_distribution


def fetch(package: str, folder: Path) -> None:
    """Fetch a package and unpack it into `folder`, which is made."""
    machine = this_distribution(needs_root=False)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ghcr-audit-") as temporary:
        apt, downloads = Apt(Path(temporary, "apt"), machine), Path(temporary, "debs")
        downloads.mkdir()
        apt.prepare()
        for deb in apt.download([package], downloads):
            run_or_fail(["dpkg-deb", "-x", str(deb), str(folder)], timeout_s=60)


def main() -> int:
    """Exit code 1 with one sentence when the package cannot be had, 2 when called otherwise."""
    if len(sys.argv) != 3:  # noqa: PLR2004 - the two arguments of the first line
        print(__doc__, file=sys.stderr)
        return 2
    try:
        fetch(sys.argv[1], Path(sys.argv[2]))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
