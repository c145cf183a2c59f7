"""What a fault has at hand when it strikes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ghcr_audit.drill.journal import Step
from lab.faults.site import Site
from lab.lab import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One drill that goes on, and the site that it is done on."""

    site: Site
    step: Step
    """At which the fault strikes."""
    run: str
    folder: Path
    """Of this cell's own, for whatever a fault has to write."""
    process: subprocess.Popen[str] | None = None
    """The drill's; None while it has not begun."""
    mixed: bool = False
    """Whether other faults strike the same drill."""
    told: list[str] = field(default_factory=list)
    """What a fault has to say for the record."""

    @property
    def lab(self) -> Lab:
        """The lab."""
        return self.site.lab

    @property
    def clock_file(self) -> Path:
        """By how many seconds the drill's clock is wrong."""
        return self.folder / "clock"

    def signal(self, number: int) -> None:
        """To the drill's process; nothing where it has ended."""
        if self.process is not None:
            self.process.send_signal(number)


Act = Callable[[Scene], None]


def nothing(_scene: Scene) -> None:
    """Leave everything as it is."""
