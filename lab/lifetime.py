"""A lab's life: brought up from nothing under its lock, and taken down whatever state it is in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from lab.bring_up import bring_up
from lab.errors import LabError
from lab.packages import Packages, ensure
from lab.place import Place, locked, locked_root, place_of
from lab.servers import PartStatus, Servers, end_strays
from lab.state import Store, choose, read_state, write_state
from lab.tokens import LabTokens

Log = Callable[[str], None]


def silent(_line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStatus:
    """The whole lab; `deployed` says that it once came up to a healthy deployment."""

    name: str
    store: Store
    deployed: bool
    parts: tuple[PartStatus, ...]

    @property
    def up(self) -> bool:
        """Whether every part answers."""
        return self.deployed and all(part.answering for part in self.parts)


def ensure_up(name: str, store: Store, log: Log) -> None:
    """Bring a lab up to its first healthy deployment, unless it is up.

    One that was left half way (a killed `up`, a dead server) is taken down first.

    Raises:
        LabError: it cannot be had on this machine, is up with another image store, or a part did not start; nothing
            new is left behind then.
    """
    place = place_of(name)
    packages = lab_packages(log)
    with locked_root():
        place.folder.mkdir(mode=0o755, exist_ok=True)
    with locked(place):
        if not _is_up(place, packages, store, log):
            _build(place, packages, store, log)


def status_of(servers: Servers) -> LabStatus:
    """Which parts of a lab run and answer now."""
    state = servers.state
    return LabStatus(name=state.name, store=state.store, deployed=state.releases is not None, parts=servers.status())


def lab_packages(log: Log) -> Packages:
    """The lab's programs; a git that had to be fetched is lent to this process, last on its PATH."""
    packages = ensure(log)
    if shutil.which("git") is None:
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{packages.root}/usr/bin"
    return packages


def _is_up(place: Place, packages: Packages, store: Store, log: Log) -> bool:
    """Whether the lab is up; LabError when it is up with another image store than the one asked for."""
    state = read_state(place)
    if state is None or not status_of(Servers(place, state, packages)).up:
        return False
    if state.store != store:
        raise LabError(
            f"lab {place.name}: up with another image store (got {state.store!r}, expected {store!r})",
            hint=f"./run lab down --name {place.name}",
        )
    log(f"lab {place.name}: already up ({store} store)")
    return True


def _build(place: Place, packages: Packages, store: Store, log: Log) -> None:
    """Bring up from an empty folder, or leave nothing. The place must be locked."""
    _clear(place, log)
    with locked_root():  # so that no other lab chooses the same ports
        state = choose(place, store)
        write_state(place, state)
    try:
        bring_up(Servers(place, state, packages), LabTokens.generate(), log)
    except BaseException:
        _remove(place, silent)
        raise


def take_down(name: str, log: Log = silent) -> None:
    """Take a lab down whatever state it is in: half up, with dead parts, or not there at all."""
    place = place_of(name)
    if not place.folder.exists():
        log(f"lab {name}: not up")
        return
    with locked(place):
        _remove(place, log)
    log(f"lab {name}: down")


def _remove(place: Place, log: Log) -> None:
    """Leave nothing, not even the folder of all labs if this was the last. The place must be locked."""
    _clear(place, log)
    place.folder.rmdir()
    with locked_root():
        pass  # an empty one goes when it is let go


def _clear(place: Place, log: Log) -> None:
    """End everything that lives in the lab and empty its folder; the folder stays, since it is the lock."""
    state = read_state(place)
    if state is not None:
        log(f"lab {place.name}: ending {len(state.parts)} servers and their containers")
        Servers(place, state, ensure()).stop_all()
    end_strays(place)
    for entry in place.folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
