"""What was measured on: without it a figure says little."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_GIB = 1 << 30


class Machine(BaseModel):
    """The machine, its software, and how busy it was (load average over one minute) before and after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: int
    memory_gib: float
    system: str
    python: str
    openssh: str
    measured_at: str
    load_before: float
    load_after: float

    @property
    def busy(self) -> bool:
        """More wanted to run before than there are cores: not a machine to measure on."""
        return self.load_before > self.cores

    @property
    def words(self) -> str:
        """All of it in one line."""
        return (
            f"{self.measured_at}: {self.cores} cores, {self.memory_gib:.0f} GiB, {self.system}, Python {self.python}, "
            f"{self.openssh}; load average {self.load_before:.1f} before and {self.load_after:.1f} after"
        )


def load() -> float:
    """How many processes wanted to run over the last minute."""
    return os.getloadavg()[0]


def machine(*, load_before: float) -> Machine:
    """This machine, at the end of a measurement that began at that load."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    told = subprocess.run(("ssh", "-V"), capture_output=True, text=True, timeout=10, check=False).stderr  # noqa: S607
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory / _GIB, 1),
        system=_system(),
        python=platform.python_version(),
        openssh=told.partition(",")[0].strip(),
        measured_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        load_before=load_before,
        load_after=load(),
    )


def _system() -> str:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.system()
    named = (line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME="))
    return next(named, platform.system())
