"""A PostgreSQL server for tests and measurements: its own folder, port and password, ended with the block.

The installed one, else Debian's packages, unpacked like the lab's and never installed. PostgreSQL refuses to run as
root; started by root it runs as `nobody`. Nothing outlives the block. Sources: initdb(1), postgres(1), libpq's .pgpass.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.errors import LabError
from lab.packages import unpacked
from lab.place import root_folder
from lab.processes import ProcessId, end, run, run_or_fail, spawn, wait_until
from lab.recipe import SYSTEM_PATH, this_distribution
from lab.state import free_ports

USER = "audit"
DATABASE = "postgres"
RELEASES = {"bookworm": "15", "trixie": "17", "jammy": "14", "noble": "16"}
"""PostgreSQL's major release in each distribution's own archive."""

_NEEDED = ("initdb", "postgres", "pg_isready", "pg_dump", "pg_restore", "psql")
_UNPRIVILEGED = "nobody"
_FOR_JIT = ("libllvm", "libz3")
"""Libraries (130 MB) of the just-in-time compiler, which is switched off here."""
_START_LIMIT_S = 120
_TOOL_LIMIT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The folder with `initdb`, `postgres` and the clients; `libraries` is empty unless some were fetched with them."""

    folder: Path
    libraries: str = ""

    def environment(self) -> Mapping[str, str]:
        """All that PostgreSQL's programs get."""
        found = {"LD_LIBRARY_PATH": self.libraries} if self.libraries else {}
        return {"PATH": f"{self.folder}:{SYSTEM_PATH}", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", **found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database of the running server. The password is of this server alone; `passfile` (0600) holds it, too."""

    port: int
    passfile: Path
    programs: Programs
    password: str = field(repr=False)
    name: str = DATABASE

    @property
    def address(self) -> str:
        """Without the password, as `./run serve --postgres` takes it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{self.name}"

    def named(self, name: str) -> Database:
        """Another database of the same server."""
        return replace(self, name=name)

    def tool(self, program: str, *words: str) -> str:
        """Run one of PostgreSQL's clients on this database; returns what it prints.

        Raises:
            LabError: its exit code is not 0.
        """
        environment = {**self.programs.environment(), "PGPASSFILE": str(self.passfile)}
        argv = (str(self.programs.folder / program), "--no-password", f"--dbname={self.address}", *words)
        return run_or_fail(argv, timeout_s=_TOOL_LIMIT_S, environment=environment)


@contextlib.contextmanager
def postgresql(passfile: Path, log: Callable[[str], None] = lambda line: None) -> Iterator[Database]:
    """A server on a free port of 127.0.0.1 with one empty database, which asks for the password in `passfile`.

    Raises:
        LabError: it cannot be had on this machine, or did not start.
    """
    programs = ensure(log)
    place = _place()
    try:
        programs = _reachable(programs, place)
        password, port = f"lab-{secrets.token_hex(12)}", free_ports(1, ())[0]
        _write_private(passfile, f"127.0.0.1:{port}:*:{USER}:{password}\n")
        _initialise(programs, place, password)
        process = _started(programs, place, port)
        try:
            _await(programs, place, port, process)
            yield Database(port=port, passfile=passfile, programs=programs, password=password)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def ensure(log: Callable[[str], None] = lambda line: None) -> Programs:
    """PostgreSQL's programs: the installed ones of the newest release, else fetched into the cache.

    Raises:
        LabError: there are none, and they cannot be fetched.
    """
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name.zfill(3))
    installed = [one for one in folders if all((one / name).is_file() for name in _NEEDED)]
    return Programs(folder=installed[-1]) if installed else fetched(log)


def fetched(log: Callable[[str], None] = lambda line: None) -> Programs:
    """The distribution's own packages in the cache, whatever is installed."""
    machine = this_distribution(needs_root=False)
    release = RELEASES.get(machine.codename)
    if release is None:
        known = ", ".join(RELEASES)
        raise LabError(
            f"postgresql: which release has {machine.codename}? (known: {known})", hint="Install PostgreSQL."
        )
    packages = (f"postgresql-{release}", f"postgresql-client-{release}")
    tree = unpacked("postgresql", packages, log, without=_FOR_JIT)
    libraries = {str(one.parent) for one in (tree / "usr/lib").glob("*-linux-*/lib*.so*")}
    return Programs(folder=tree / f"usr/lib/postgresql/{release}/bin", libraries=":".join(sorted(libraries)))


def _place() -> Path:
    """A folder that whoever runs the server may reach, and nobody else."""
    place = Path(tempfile.mkdtemp(prefix="ghcr-audit-postgresql-", dir=root_folder().parent))
    _give(place)
    return place


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        account = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(path, account.pw_uid, account.pw_gid)


def _reachable(programs: Programs, place: Path) -> Programs:
    """The same programs, copied where `nobody` reaches them if they lie in a cache below root's own folder."""
    if os.geteuid() != 0 or all(part.stat().st_mode & stat.S_IXOTH for part in programs.folder.parents):
        return programs
    tree = programs.folder.parents[4]  # TREE/usr/lib/postgresql/RELEASE/bin
    shutil.copytree(tree, place / "programs", symlinks=True)
    old, new = str(tree), str(place / "programs")
    return Programs(folder=Path(str(programs.folder).replace(old, new)), libraries=programs.libraries.replace(old, new))


def _initialise(programs: Programs, place: Path, password: str) -> None:
    first = place / "password"
    _write_private(first, password)
    _give(first)
    words = ("-D", str(place / "data"), "-U", USER, "--auth=scram-sha-256", f"--pwfile={first}", "--no-sync")
    argv = (*_unprivileged(), str(programs.folder / "initdb"), *words)
    run_or_fail(argv, timeout_s=_START_LIMIT_S, environment=programs.environment(), folder=place)
    first.unlink()


def _started(programs: Programs, place: Path, port: int) -> ProcessId:
    settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "jit=off", "fsync=off")
    options = (word for setting in settings for word in ("-c", setting))
    argv = (*_unprivileged(), str(programs.folder / "postgres"), "-D", str(place / "data"), *options)
    return spawn(argv, log=place / "log", environment=programs.environment())


def _unprivileged() -> tuple[str, ...]:
    """What a command begins with that must not run as root; it keeps the process id (setpriv(1))."""
    if os.geteuid() != 0:
        return ()
    account = pwd.getpwnam(_UNPRIVILEGED)
    return ("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--")


def _await(programs: Programs, place: Path, port: int, process: ProcessId) -> None:
    argv = (str(programs.folder / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q")
    wait_until(
        lambda: run(argv, timeout_s=30, environment=programs.environment()).returncode == 0,
        what="postgresql",
        limit_s=_START_LIMIT_S,
        process=process,
        log=place / "log",
    )


def _stop(process: ProcessId) -> None:
    """INT first: by TERM it would wait for its clients to go (postgres(1), fast and smart shutdown)."""
    if process.alive:
        os.kill(process.pid, signal.SIGINT)
    with contextlib.suppress(LabError):
        wait_until(lambda: not process.alive, what="postgresql's end", limit_s=20)
    end([process])


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
