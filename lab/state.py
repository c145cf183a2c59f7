"""What a lab must remember between processes: ports, the deploy user's id, servers, in `state.json`."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.errors import LabError
from lab.place import Place
from lab.processes import ProcessId
from lab.repository import Releases

Store = Literal["containerd", "classic"]
PartName = Literal["registry", "gateway", "engine", "sshd"]
PART_NAMES: tuple[PartName, ...] = get_args(PartName)

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
USER_IDS = range(58000, 59000)  # used by nobody: between the ids for people and those that systemd hands out


class Ports(BaseModel):
    """The lab's ports, all on 127.0.0.1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upstream: int
    registry: int
    ssh: int
    health: int


class Part(BaseModel):
    """A server of the lab that was started."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: PartName
    pid: int
    started_ticks: int

    @property
    def process(self) -> ProcessId:
        """The process, for certain."""
        return ProcessId(pid=self.pid, started_ticks=self.started_ticks)


class LabState(BaseModel):
    """The content of `state.json`. The releases are there from the first healthy deployment on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    store: Store
    user_id: int
    ports: Ports
    parts: tuple[Part, ...] = ()
    releases: Releases | None = None

    def with_part(self, name: PartName, process: ProcessId) -> LabState:
        """The state after a server was started (again)."""
        part = Part(name=name, pid=process.pid, started_ticks=process.started_ticks)
        return self.model_copy(update={"parts": (*(one for one in self.parts if one.name != name), part)})

    def process_of(self, name: PartName) -> ProcessId | None:
        """The process last started for a part, None if none was."""
        return next((part.process for part in self.parts if part.name == name), None)


def read_state(place: Place) -> LabState | None:
    """The state of a lab, None when there is none; a damaged file counts as none, so that `down` works."""
    try:
        return LabState.model_validate_json(place.state_file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_state(place: Place, state: LabState) -> None:
    """Replace `state.json` in one step, readable by us alone."""
    write_private(place.state_file, state.model_dump_json(indent=1))


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, replacing an old one in one step."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(file)


def choose(place: Place, store: Store) -> LabState:
    """Ports and a user id that no other lab has. The root folder must be locked meanwhile (`locked_root`)."""
    others = [state for other in place.folder.parent.iterdir() if (state := read_state(Place(folder=other)))]
    taken = {port for state in others for port in json.loads(state.ports.model_dump_json()).values()}
    upstream, registry, ssh, health = free_ports(4, taken)
    return LabState(
        name=place.name,
        store=store,
        user_id=_free_user_id({state.user_id for state in others}),
        ports=Ports(upstream=upstream, registry=registry, ssh=ssh, health=health),
    )


def free_ports(count: int, taken: Iterable[int]) -> tuple[int, ...]:
    """Ports that can be bound on 127.0.0.1 now.

    They lie below the range from which the kernel serves outgoing connections: a port that is free for a
    moment, while a container is replaced, cannot be lost to one of those.
    """
    lowest_outgoing = int(PORT_RANGE.read_text(encoding="ascii").split()[0])
    candidates = [port for port in range(10240, max(lowest_outgoing, 20480)) if port not in set(taken)]
    random.shuffle(candidates)
    found: list[int] = []
    for port in candidates:
        if len(found) == count:
            return tuple(found)
        if _can_bind(port):
            found.append(port)
    raise LabError(f"ports: {count} free ones on 127.0.0.1: none left")


def _can_bind(port: int) -> bool:
    with socket.socket() as attempt:
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_user_id(taken: set[int]) -> int:
    known = Path("/etc/passwd").read_text(encoding="utf-8", errors="replace")
    used = taken | {int(line.split(":")[2]) for line in known.splitlines() if ":" in line}
    return next(number for number in USER_IDS if number not in used)
