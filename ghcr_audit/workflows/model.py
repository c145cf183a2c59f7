"""A workflow as far as the audit needs it: what starts it, what its jobs do, what its token may do."""

from dataclasses import dataclass
from enum import StrEnum

Settings = tuple[tuple[str, str], ...]
"""Names and values in the order of the file; values may hold `${{ … }}`."""


class Access(StrEnum):
    """What `permissions` says of packages. Where it names anything at all, what it does not name is none."""

    WRITE = "write"
    LESS = "less"
    UNSET = "unset"
    """No `permissions` at this level: the level above counts, in the end the repository's own setting."""
    UNREAD = "unread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One event under `on`, with its filters; None: the filter is not given."""

    event: str
    tags: tuple[str, ...] | None = None
    tags_ignore: tuple[str, ...] | None = None
    branches: tuple[str, ...] | None = None
    branches_ignore: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    workflows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job: an action (`uses` with `arguments`) or a script (`run`)."""

    id: str
    uses: str
    run: str
    condition: str
    env: Settings
    arguments: Settings

    @property
    def action(self) -> str:
        """The action without its version, in small letters."""
        return self.uses.partition("@")[0].lower()

    def argument(self, name: str) -> str:
        """The value of one input under `with`, '' where it is not given; names know no case."""
        return next((value for key, value in self.arguments if key.lower() == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: its steps, or the workflow that it calls."""

    id: str
    calls: str
    condition: str
    env: Settings
    arguments: Settings
    access: Access
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One file below .github/workflows. GitHub names it by its path where it has no `name`."""

    path: str
    name: str
    triggers: tuple[Trigger, ...]
    env: Settings
    access: Access
    jobs: tuple[Job, ...]

    def trigger(self, event: str) -> Trigger | None:
        """What starts it on this event."""
        return next((found for found in self.triggers if found.event == event), None)

    @property
    def file(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]
