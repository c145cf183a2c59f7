"""What a lab was like before the first incident, in `incidents.json`: enough to put it back without a build."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.bring_up import IMAGE_NAME
from lab.images import tags_of
from lab.lab import Lab
from lab.processes import run_or_fail
from lab.state import write_private


class Memory(BaseModel):
    """The content of `incidents.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...] = ()
    """The incidents that the lab is in."""
    refs: dict[str, str]
    """Branches and tags of the repository, with their commits."""
    published: dict[str, str]
    """Tags of the service in the registry, with their digests."""
    images: dict[str, str]
    """Names of images on the host, with their ids."""
    container: str
    """The service's container id."""


def remembered(lab: Lab) -> Memory | None:
    """What was written before the first incident; None when the lab is in none."""
    try:
        return Memory.model_validate_json(_file(lab).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def remember(lab: Lab, memory: Memory) -> None:
    """Write it down."""
    write_private(_file(lab), memory.model_dump_json(indent=1))


def forget(lab: Lab) -> None:
    """The lab is in no incident any more."""
    _file(lab).unlink(missing_ok=True)


def look(lab: Lab) -> Memory:
    """The lab as it is now."""
    return Memory(
        refs=refs_of(lab.repository),
        published=tags_of(lab.upstream, IMAGE_NAME),
        images=images_of(lab),
        container=container_of(lab),
    )


def refs_of(repository: Path) -> dict[str, str]:
    """Branches and tags of a repository."""
    words = ("git", "-C", str(repository), "for-each-ref", "--format=%(refname) %(objectname)")
    return dict(_pair(line) for line in run_or_fail(words, timeout_s=20).splitlines())


def images_of(lab: Lab) -> dict[str, str]:
    """Images that have a name on the host."""
    done = lab.docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
    return dict(_pair(line) for line in done.stdout.decode().splitlines() if "<none>" not in line)


def container_of(lab: Lab) -> str:
    """The service's container id, empty when there is none."""
    return lab.docker("inspect", "--format", "{{.Id}}", "observer").stdout.decode().strip()


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(" ")
    return name, value


def _file(lab: Lab) -> Path:
    return lab.folder / "incidents.json"
