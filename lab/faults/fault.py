"""One fault as a value: what it does, when it is over, and at which steps of a drill it can strike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ghcr_audit.drill.journal import Step
from lab.faults.scene import Act, nothing
from lab.faults.site import NEW
from lab.target import Setting

ALL_STEPS = tuple(Step)


class Row(Protocol):
    """What a row of a table is made of."""

    @property
    def name(self) -> str:
        """Of the fault."""

    @property
    def told(self) -> str:
        """What it does, in one line."""

    @property
    def steps(self) -> Sequence[str]:
        """Where it can strike."""

    @property
    def because(self) -> str:
        """Why not elsewhere."""


class Part(StrEnum):
    """What a fault strikes. Of one part, one fault at a time."""

    PROCESS = "process"
    NETWORK = "network"
    ENGINE = "engine"
    REGISTRY = "registry"
    DISK = "disk"
    SCRIPT = "script"
    RELEASE = "release"
    JOURNAL = "journal"
    CLOCK = "clock"
    RIVAL = "rival"


class Way(StrEnum):
    """Who brings the host back."""

    WATCH = "watch"
    """The drill where it still can; then `recover`, as often as it takes."""
    WHILE_ASLEEP = "while asleep"
    """`recover` while the drill's process is stopped; then it wakes up."""
    DEPLOYED_SINCE = "deployed since"
    """The same, and somebody deploys before it wakes up: what was deployed must stay."""
    TIMER = "timer"
    """The host's dead-man timer alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of the table.

    `prepare` comes before the drill begins, `act` at the step, `heal` so many seconds later, `tidy` at last.
    """

    name: str
    told: str
    part: Part
    act: Act = nothing
    heal: Act = nothing
    hold_s: float = 0
    prepare: Act = nothing
    tidy: Act = nothing
    steps: tuple[Step, ...] = ALL_STEPS
    """Where it can strike."""
    because: str = ""
    """Why not at the others."""
    way: Way = Way.WATCH
    tag: str = NEW
    """The release that is drilled."""
    settings: Mapping[str, Setting | None] = field(default_factory=dict)
    """Of the target, beside those of every cell."""
    own_disk: bool = False
    """What the product writes on the host lies on a file system that the host alone sees."""
    mixes: bool = True
    """Whether it can be one of several in a schedule."""
