"""The environment of the opponents: their packages from opponents.lock, by hash, apart from the product's own.

It lies in the cache folder, under a name that changes with the lock file. `python -m bench.opponents UV` makes it.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.packages import cache_folder

LOCK = Path(__file__).with_name("opponents.lock")
_LIMIT_S = 300


def environment() -> Path:
    """Where the environment lies, or will."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return cache_folder() / f"bench-{key}"


def programs(name: str) -> str:
    """The path of a program of theirs."""
    return str(environment() / "bin" / name)


def prepare(uv: str) -> Path:
    """Make the environment unless it is there; whole or not at all.

    Raises:
        subprocess.CalledProcessError: the packages cannot be had.
    """
    folder = environment()
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as elsewhere:  # no project file of the checkout takes part
        for words in (
            ("venv", "--quiet", "--python", sys.executable, str(folder)),
            ("pip", "install", "--quiet", "--require-hashes", "--python", str(folder), "-r", str(LOCK)),
        ):
            subprocess.run([uv, *words], check=True, cwd=elsewhere, timeout=_LIMIT_S)
    subprocess.run([folder / "bin" / "python", "-m", "compileall", "-q", folder / "lib"], check=False, timeout=_LIMIT_S)
    (folder / "complete").touch()
    return folder


if __name__ == "__main__":
    prepare(sys.argv[1])
