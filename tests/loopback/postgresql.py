"""A PostgreSQL server on loopback for one test: its own folder, port and password, ended with the block.

PostgreSQL refuses to run as root: there it runs as `nobody`.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.stack import free_port

_START_LIMIT_S = 30
_STOP_LIMIT_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """How it is reached; the password is of this test alone."""

    address: str
    passfile: Path
    password: str


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`; Debian keeps them off the PATH."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    named = shutil.which("initdb")
    folders = [*found, *([Path(named).resolve().parent] if named else [])]
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


@contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """Skips where there is no PostgreSQL."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("no PostgreSQL on this machine")
    password, port, place = f"lab-{secrets.token_hex(12)}", free_port(), _place_for_nobody()
    first = place / "password"
    first.write_text(password)
    _owned(first)
    passfile = folder / "pgpass"
    passfile.write_text(f"127.0.0.1:{port}:*:audit:{password}\n")
    passfile.chmod(0o600)
    data = place / "data"
    words = ("-D", str(data), "-U", "audit", "--auth=scram-sha-256", f"--pwfile={first}", "--no-sync")
    subprocess.run([str(bin_folder / "initdb"), *words], check=True, capture_output=True, timeout=60, user=_nobody())
    process = subprocess.Popen(
        [str(bin_folder / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(place), "-F"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=_nobody(),
    )
    try:
        _await_ready(bin_folder, port)
        yield Database(address=f"postgresql://audit@127.0.0.1:{port}/postgres", passfile=passfile, password=password)
    finally:
        process.terminate()
        process.wait(timeout=_STOP_LIMIT_S)
        shutil.rmtree(place, ignore_errors=True)


def _await_ready(bin_folder: Path, port: int) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    words = ("-h", "127.0.0.1", "-p", str(port), "-q")
    while subprocess.run([str(bin_folder / "pg_isready"), *words], check=False).returncode:
        assert time.monotonic() < deadline, "PostgreSQL does not answer"
        time.sleep(0.1)


def _nobody() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _place_for_nobody() -> Path:
    """A folder that whoever runs the server may reach: pytest's own belong to one user."""
    place = Path(tempfile.mkdtemp(prefix="ghcr-audit-postgresql-"))
    _owned(place)
    return place


def _owned(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
