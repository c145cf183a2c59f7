"""Full disks on the host: small file systems of memory, mounted where its SSH server or its engine alone sees them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.errors import LabError
from lab.faults.deeds import empty, fill
from lab.faults.scene import Scene
from lab.incidents.host_deeds import place_of
from lab.lab import Lab
from lab.state import PartName, read_state

_HOST_SIZE, _ENGINE_SIZE = "2m", "8m"

# Mounted with what lies there; at the end what lies there then is taken over again.
_COVER = """\
set -e
folder=$1 aside=$1.aside; shift
mkdir -p "$folder"
rm -rf "$aside"; cp -a "$folder" "$aside"
mount -t tmpfs -o "$1" tmpfs "$folder"
cp -a "$aside/." "$folder/"
rm -rf "$aside"
"""
_UNCOVER = """\
set -e
folder=$1 aside=$1.aside
mountpoint -q "$folder" || exit 0
rm -rf "$aside"; cp -a "$folder" "$aside"
umount -l "$folder"
find "$folder" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
cp -a "$aside/." "$folder/"
rm -rf "$aside"
"""


def cover_state_folder(scene: Scene) -> None:
    """The host keeps what the product writes there on a disk of its own, a small one."""
    folder = _state_folder(scene.lab)
    owner = (scene.lab.folder / "home").stat()
    options = f"size={_HOST_SIZE},mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    _in_view(scene.lab, "sshd", _COVER, str(folder), options)


def fill_state_folder(scene: Scene) -> None:
    """It is full."""
    fill(root_of(scene.lab, "sshd") / _state_folder(scene.lab).relative_to("/"))


def empty_state_folder(scene: Scene) -> None:
    """Room again."""
    empty(root_of(scene.lab, "sshd") / _state_folder(scene.lab).relative_to("/"))


def uncover_state_folder(scene: Scene) -> None:
    """The host's usual disk, with what was written meanwhile."""
    _in_view(scene.lab, "sshd", _UNCOVER, str(_state_folder(scene.lab)))


def cover_engine(scene: Scene) -> None:
    """The engine keeps its containers on a disk of its own, a small one."""
    _in_view(scene.lab, "engine", _COVER, str(_containers(scene.lab)), f"size={_ENGINE_SIZE},mode=710")


def fill_engine(scene: Scene) -> None:
    """No container can be made any more."""
    fill(root_of(scene.lab, "engine") / _containers(scene.lab).relative_to("/"))


def empty_engine(scene: Scene) -> None:
    """Room again."""
    empty(root_of(scene.lab, "engine") / _containers(scene.lab).relative_to("/"))


def uncover_engine(scene: Scene) -> None:
    """The engine's usual disk."""
    _in_view(scene.lab, "engine", _UNCOVER, str(_containers(scene.lab)))


def root_of(lab: Lab, part: PartName) -> Path:
    """The file system as one of the lab's servers sees it (proc(5), /proc/PID/root)."""
    return Path(f"/proc/{_pid(lab, part)}/root")


def _state_folder(lab: Lab) -> Path:
    return place_of(lab).home / ".local" / "state" / "ghcr-audit"


def _containers(lab: Lab) -> Path:
    return place_of(lab).engine / "data" / "containers"


def _in_view(lab: Lab, part: PartName, script: str, *args: str) -> None:
    enter = ("nsenter", f"--mount=/proc/{_pid(lab, part)}/ns/mnt", "sh", "-c", script, "sh", *args)
    done = subprocess.run(enter, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise LabError(f"a small disk for {part}: exit code {done.returncode}: {done.stderr.strip()[-300:]}")


def _pid(lab: Lab, part: PartName) -> int:
    state = read_state(place_of(lab))
    process = state.process_of(part) if state is not None else None
    if process is None or not process.alive:
        raise LabError(f"{part}: does not run")
    return process.pid
