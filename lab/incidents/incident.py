"""One incident as a value: what happened, how the lab is put into it, and how an audit comes to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lab.lab import Lab
from lab.target import Setting

Mode = Literal["observe", "pull", "drill"]
MODES: tuple[Mode, ...] = ("observe", "pull", "drill")


def nothing(_lab: Lab) -> None:
    """The lab is like that already, or it is the target file that is wrong."""


def no_settings(_lab: Lab) -> Mapping[str, Setting | None]:
    """The lab's own target file."""
    return {}


def running_release(lab: Lab) -> str:
    """The release that was deployed at first."""
    return lab.releases.running


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A number of the incidents that really happened, or a cause's label.

    `causes`: what the audit has to name. `break_` does it; `settings` are keys of the target file that are part of it
    (see `Lab.target_toml`); `tag` is the release to audit, in `mode` at least, for the incident to be seen.
    """

    name: str
    told: str
    causes: tuple[str, ...]
    break_: Callable[[Lab], None] = nothing
    settings: Callable[[Lab], Mapping[str, Setting | None]] = no_settings
    tag: Callable[[Lab], str] = running_release
    mode: Mode = "observe"
    leaves: str = ""
    """`PLACE: STATE` where a place can be in one state only: two incidents that leave one in different states exclude
    each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a lab was put into, and the audit that sees all of it."""

    names: tuple[str, ...]
    tag: str
    mode: Mode
    settings: Mapping[str, Setting | None] = field(default_factory=dict)
