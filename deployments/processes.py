"""The processes that a worker runs its flows in: which they are, and how they are ended before it."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

RUNS_END_LIMIT_S = 60
_RUNS_END_THEMSELVES_S = 5


def end_runs(worker: int) -> None:
    """End a worker's runs while somebody is there to hear of it: a drill puts its host back first."""
    deadline = time.monotonic() + RUNS_END_LIMIT_S
    told = time.monotonic() + _RUNS_END_THEMSELVES_S  # one that is suspended is about to exit: TERM would crash it
    while (runs := children(worker)) and time.monotonic() < deadline:
        if time.monotonic() > told:
            told = deadline
            for run in runs:
                with suppress(ProcessLookupError):
                    os.kill(run, signal.SIGTERM)
        time.sleep(0.1)


def children(parent: int) -> list[int]:
    """The process ids of a process's children (/proc, or ps where there is none)."""
    if Path("/proc/self/stat").exists():
        stats = (_stat(path) for path in Path("/proc").iterdir() if path.name.isdigit())
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False)  # noqa: S607
        stats = (line.split() for line in listed.stdout.splitlines())
    return [int(pid) for pid, of in (one for one in stats if one) if int(of) == parent]


def _stat(process: Path) -> list[str]:
    """Process id and parent's id; nothing when it has ended, or is a zombie.

    Before them stands its name in brackets, which may hold anything: `1 (a) b) S 7`.
    """
    try:
        state, parent = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
    except OSError:
        return []
    return [] if state == "Z" else [process.name, parent]
