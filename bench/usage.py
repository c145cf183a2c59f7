"""What running processes have taken so far, and how busy the machine is. Source: proc_pid_stat(5), proc_stat(5)."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12
"""Of /proc/PID/stat, counted behind the command's name."""
_IDLE, _WAITING = 3, 4
"""Of the first line of /proc/stat, counted behind its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Processor time, and the most memory held, of one process without its children."""

    cpu_s: float
    peak_mb: float


def usage_of(process: int) -> Usage | None:
    """What it has taken so far; None when it is gone."""
    folder = Path("/proc", str(process))
    try:
        fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        status = (folder / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    peak = status.partition("VmHWM:")[2].split()  # a zombie has none any more
    if not peak:
        return None
    return Usage(cpu_s=(int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_PER_S, peak_mb=int(peak[0]) / 1024)


def busy_share() -> Callable[[], float]:
    """To be asked later: the share of all cores' time, from now to then, in which they did anything (0 to 1)."""
    began = _core_times()

    def share() -> float:
        spent = [now - then for now, then in zip(_core_times(), began, strict=True)]
        return 1 - (spent[_IDLE] + spent[_WAITING]) / max(sum(spent), 1)

    return share


def _core_times() -> list[int]:
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    return [int(word) for word in line.split()[1:9]]
