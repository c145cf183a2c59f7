"""Which namespaces hold which lab: `ROOT/.held/NAME.json`, beside the labs' own folders, which come and go."""

from __future__ import annotations

import contextlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.place import Place, locked_root
from lab.processes import ProcessId, end
from lab.rootless.holder import dissolve
from lab.state import write_private


class Process(BaseModel):
    """A process for certain, as `lab.processes.ProcessId` has it, seen from outside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    started_ticks: int

    @classmethod
    def of(cls, process: ProcessId) -> Process:
        """The same process, to be written down."""
        return cls(pid=process.pid, started_ticks=process.started_ticks)

    @property
    def id(self) -> ProcessId:
        """The same process, to be asked and ended."""
        return ProcessId(pid=self.pid, started_ticks=self.started_ticks)


class Held(BaseModel):
    """The holder of a lab's namespaces, and the relay of its ports once the lab is up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holder: Process
    relay: Process | None = None
    ports: tuple[int, ...] = ()

    def relays(self, ports: tuple[int, ...]) -> bool:
        """Whether the relay runs and hands on these ports."""
        return self.relay is not None and self.relay.id.alive and self.ports == ports


def read_held(place: Place) -> Held | None:
    """The live namespaces of a lab; None when it has none, or lost them (a restart of the machine)."""
    try:
        held = Held.model_validate_json(_file(place).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return held if held.holder.id.alive else None


def write_held(place: Place, held: Held) -> None:
    """Remember a lab's namespaces; the folder of all labs must be there."""
    _file(place).parent.mkdir(mode=0o700, exist_ok=True)
    write_private(_file(place), held.model_dump_json(indent=1))


def let_go(place: Place) -> None:
    """End a lab's namespaces with all that still lives in them, and leave no record."""
    held = read_held(place)
    if held is not None:
        dissolve(held.holder.id)
        if held.relay is not None:
            end([held.relay.id])
    _file(place).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other labs are held, or none ever was
        _file(place).parent.rmdir()
    with locked_root():
        pass  # an empty one goes when it is let go


def _file(place: Place) -> Path:
    return place.folder.parent / ".held" / f"{place.name}.json"
