"""What compose says of the service at one tag, as `questions.Drill.compose` asks it: one fact a line. Pure, bounded."""

import re
from collections import defaultdict
from dataclasses import dataclass

from ghcr_audit.evidence import Observation

_MAX_LINES = 2000
_MAX_CHARS = 1000
_VOLUME = re.compile(r"([0-9]{1,4}) (type|source|target|read_only) (.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One entry of the service's `volumes` (compose specification)."""

    kind: str
    """bind, volume, tmpfs …"""
    source: str
    """The path on the host, or the volume's name inside the file; '' for an anonymous one."""
    target: str
    writable: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.source} on {self.target}".replace("  ", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeFile:
    """The service in a valid compose file. `hash` is the one that compose labels a container with ('' unknown)."""

    hash: str
    image: str
    environment: tuple[str, ...]
    """Names only."""
    volumes: tuple[Volume, ...]
    networks: tuple[str, ...]
    """By their names inside the file."""
    network_mode: str


def compose_file(observation: Observation | None) -> ComposeFile | None:
    """What compose made of the file; None when it is invalid, or was not seen whole."""
    if observation is None or not observation.ok or observation.cut:
        return None
    first, *lines = observation.stdout.splitlines()[:_MAX_LINES] or [""]
    if first != "valid":
        return None
    said: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        key, _, value = line[:_MAX_CHARS].partition(" ")
        said[key].append(value)
    return ComposeFile(
        hash=_only(said["hash"]),
        image=_only(said["image"]),
        environment=tuple(sorted(set(said["environment"]))),
        volumes=_volumes(said["volume"]),
        networks=tuple(sorted(set(said["network"]))),
        network_mode=_only(said["network_mode"]),
    )


def _only(values: list[str]) -> str:
    return values[0] if values else ""


def _volumes(lines: list[str]) -> tuple[Volume, ...]:
    entries: dict[str, dict[str, str]] = defaultdict(dict)
    for line in lines:
        if found := _VOLUME.fullmatch(line):
            entries[found[1]][found[2]] = found[3]
    return tuple(
        Volume(
            kind=entry.get("type", ""),
            source=entry.get("source", ""),
            target=entry.get("target", ""),
            writable=entry.get("read_only") != "true",
        )
        for entry in entries.values()
    )
