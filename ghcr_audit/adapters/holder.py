"""Who holds a drill's lease: this process, told so that the same machine can see later whether it is dead."""

import os
import re
from pathlib import Path

_HOLDER = re.compile(r"process (\d{1,10})\.(\d{1,20}) of ([0-9a-f]{8})-(\d{1,20})\b")
_START_FIELD = 19
"""Of proc(5)'s stat, counted behind the command's name: when the process was started, in ticks since boot."""


def holder() -> str:
    """This process, in words for the host: machine, process, its start, and the kernel's boot and process namespace."""
    return f"ghcr-audit on {os.uname().nodename}, process {os.getpid()}.{_started(os.getpid())} of {_here()}"


def is_dead(told: str) -> bool:
    """Whether these words name a process of this very machine that is over; False where that cannot be known."""
    found = _HOLDER.search(told)
    if found is None or f"{found[3]}-{found[4]}" != _here() or _here() == _NOWHERE:
        return False
    return _started(int(found[1])) != int(found[2])


_NOWHERE = "00000000-0"


def _here() -> str:
    """This boot and process namespace: a process id means nothing elsewhere."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return _NOWHERE


def _started(process: int) -> int:
    """When it was started; 0 when there is no such process (a zombie has ended, too)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[_START_FIELD])
