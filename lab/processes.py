"""Processes of a lab: started in sessions of their own, recognised for certain, ended within bounds.

A process is remembered by its id *and* its start time (proc(5), /proc/PID/stat, field 22): an id that the
kernel has given to somebody else meanwhile is never signalled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

PROC = Path("/proc")
LOG_TAIL_CHARS = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """One process for certain: its id and the clock tick since boot at which it started."""

    pid: int
    started_ticks: int

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie counts as ended."""
        _reap(self.pid)
        return process_at(self.pid) == self

    @property
    def namespace(self) -> str:
        """Its mount namespace as the kernel names it ("mnt:[4026531841]"), empty when it is gone."""
        return _namespace(PROC / str(self.pid))

    @property
    def program(self) -> str:
        """The name of its program, fifteen characters at most, empty when it is gone (proc(5), /proc/PID/comm)."""
        return "".join(_lines(PROC / str(self.pid) / "comm"))


def process_at(pid: int) -> ProcessId | None:
    """The live process that has this id now, None if there is none."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    state, started_ticks = fields[0], int(fields[19])
    return None if state in {"Z", "X"} else ProcessId(pid=pid, started_ticks=started_ticks)


def _reap(pid: int) -> None:
    """Collect the exit status if the process is a child of ours, so that it does not stay a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def spawn(argv: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> ProcessId:
    """Start a server in its own session: no input, both outputs appended to `log`, only this environment."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        pid = os.posix_spawnp(
            argv[0],
            list(argv),
            dict(environment),
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )
    except OSError as error:
        raise LabError(f"{argv[0]}: start: {error.strerror}") from error
    return process_at(pid) or ProcessId(pid=pid, started_ticks=0)


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end with captured outputs; any exit code is an answer, no end is an error."""
    try:
        return subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env=environment,
            cwd=folder,
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{argv[0]}: no end within {timeout_s:g} s: {' '.join(argv)!r}") from None
    except OSError as error:
        raise LabError(f"{argv[0]}: start: {error.strerror}") from error


def run_or_fail(
    argv: Sequence[str],
    *,
    timeout_s: float,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Like `run`, but an exit code other than 0 is an error too. Returns standard output."""
    done = run(argv, timeout_s=timeout_s, stdin=stdin, environment=environment, folder=folder)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).decode(errors="replace").strip()[-LOG_TAIL_CHARS:]
        raise LabError(f"{' '.join(argv)[:200]}: exit code {done.returncode}: {words}")
    return done.stdout.decode(errors="replace")


def wait_until(
    ready: Callable[[], bool],
    *,
    what: str,
    limit_s: float,
    process: ProcessId | None = None,
    log: Path | None = None,
) -> None:
    """Poll until `ready()`; LabError with the log's tail when the time is over or `process` has ended."""
    end = time.monotonic() + limit_s
    while not ready():
        if process is not None and not process.alive:
            raise LabError(f"{what}: ended while starting: {_tail(log)}")
        if time.monotonic() > end:
            raise LabError(f"{what}: not there within {limit_s:g} s: {_tail(log)}")
        time.sleep(0.01)


def _tail(log: Path | None) -> str:
    if log is None or not log.exists():
        return "(no log)"
    return log.read_text(encoding="utf-8", errors="replace").strip()[-LOG_TAIL_CHARS:]


def end(processes: Iterable[ProcessId], *, limit_s: float = 15.0) -> None:
    """Ask the processes to stop (TERM), wait, and kill what is left after the limit.

    KILL is the last resort only: a killed engine orphans its containerd.
    """
    kill(_wait_for(_signal(processes, signal.SIGTERM), limit_s))


def kill(processes: Iterable[ProcessId]) -> None:
    """Kill the processes, and wait for their end.

    Raises:
        LabError: one of them does not end.
    """
    left = _wait_for(_signal(processes, signal.SIGKILL), 5.0)
    if left:
        raise LabError(f"processes {[one.pid for one in left]}: would not end, not even killed")


def _signal(processes: Iterable[ProcessId], number: signal.Signals) -> list[ProcessId]:
    """Signal those that are alive and return them."""
    alive = [process for process in processes if process.alive]
    for process in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
    return alive


def _wait_for(processes: list[ProcessId], limit_s: float) -> list[ProcessId]:
    """Wait for the end of all, bounded; returns those still there."""
    end_at = time.monotonic() + limit_s
    while (left := [process for process in processes if process.alive]) and time.monotonic() < end_at:
        time.sleep(0.01)
    return left


def processes_in(folder: Path, *, cgroup: str) -> list[ProcessId]:
    """Every process that lives in a lab: in a mount namespace with mounts below `folder`, or in its cgroup.

    Finds what no list of ours holds: SSH sessions and what they left, containerd, its shims, containers.
    Processes in our own mount namespace are never among them, whatever their command line says.
    """
    ours = _namespace(PROC / "self")
    found: list[ProcessId] = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and _namespace(entry) not in {"", ours} and _belongs(entry, folder, cgroup):
            found.extend(filter(None, [process_at(int(entry.name))]))
    return found


def _namespace(process: Path) -> str:
    try:
        return str((process / "ns" / "mnt").readlink())
    except OSError:
        return ""


def _belongs(process: Path, folder: Path, cgroup: str) -> bool:
    mount_points = (line.split()[4] for line in _lines(process / "mountinfo"))
    if any(point.startswith(f"{folder}/") for point in mount_points):
        return True
    return any(f"{line}/".endswith(f"{cgroup}/") or f"{cgroup}/" in line for line in _lines(process / "cgroup"))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
