"""A snapshot: all of a host that a drill may change, looked at by the same questions before, between and after.

Values of environment variables and labels, where secrets stand, are not among it: names, and compose's own hash
of the whole service (label `com.docker.compose.config-hash`), which covers the values without telling them.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pydantic import Field

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Link, Observation, Value
from ghcr_audit.images import is_digest

PIN_NAME = "ghcr-audit/pin"
"""Where the pins of pulls and drills stand."""
_MAX_NAMED = 500
"""So many containers, tags, mounts or files at most are looked at."""
_MAX_TAGS = 4000
_TEXT = 1000
_STATE_CHARS = 1024
_SET_ASIDE = re.compile(r"[0-9a-f]{12}_.")
_PLAIN = re.compile(rf"[A-Za-z0-9_.:/@+-]{{0,{_STATE_CHARS}}}")


class Phase(StrEnum):
    """When a snapshot was taken; also the first part of its observations' keys."""

    BEFORE = "before"
    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled_back"
    RESTORED = "restored"

    @property
    def link(self) -> Link:
        """The link of the chain that its observations belong to."""
        return Link.DEPLOY if self in (Phase.BEFORE, Phase.DEPLOYED) else Link.ROLLBACK


class Mount(Value):
    """One mount of a container (Engine API `MountPoint`)."""

    kind: str = Field(max_length=_TEXT)
    """bind, volume, tmpfs."""
    source: str = Field(max_length=_TEXT)
    """The path on the host, or the volume's name."""
    destination: str = Field(max_length=_TEXT)
    writable: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.source} on {self.destination}{'' if self.writable else ' (read-only)'}"


class ComposeOrigin(Value):
    """How compose made a container, by the labels that it put on it."""

    project: str = Field(max_length=_TEXT)
    service: str = Field(max_length=_TEXT)
    working_directory: str = Field(max_length=_TEXT)
    config_files: tuple[str, ...] = Field(max_length=20)
    config_hash: str = Field(max_length=_TEXT)


class Service(Value):
    """The audited container: what it runs, and how it is set up. No value of its environment."""

    id: str = Field(max_length=128)
    image_text: str = Field(max_length=_TEXT)
    """What it was started from, as written."""
    image_id: str = Field(max_length=128)
    digests: tuple[str, ...] = Field(default=(), max_length=_MAX_NAMED)
    """RepoDigests of its image (`name@sha256:…`)."""
    status: str = Field(max_length=_TEXT)
    health: str | None = Field(default=None, max_length=_TEXT)
    started_at: str = Field(max_length=64)
    restarts: int
    mounts: tuple[Mount, ...] = Field(default=(), max_length=_MAX_NAMED)
    networks: tuple[str, ...] = Field(default=(), max_length=_MAX_NAMED)
    network_mode: str = Field(default="", max_length=_TEXT)
    restart_policy: str = Field(default="", max_length=_TEXT)
    environment: tuple[str, ...] = Field(default=(), max_length=_MAX_NAMED)
    """Names only."""
    compose: ComposeOrigin | None = None

    def digests_of(self, name: str) -> tuple[str, ...]:
        """The manifest digests under which its image is known as `name` (registry/repository)."""
        pairs = (text.rpartition("@") for text in self.digests)
        return tuple(digest for repository, _, digest in pairs if repository == name and is_digest(digest))


class Sidecar(Value):
    """Another container of the same compose project."""

    name: str = Field(max_length=_TEXT)
    id: str = Field(max_length=128)
    status: str = Field(max_length=_TEXT)


class LocalTag(Value):
    """A name of an image in the engine's store, and the id of the image it stands on."""

    reference: str = Field(max_length=_TEXT)
    image_id: str = Field(max_length=128)
    digest: str = Field(default="", pattern=r"^(sha256:[0-9a-f]{64})?$")
    """By which a registry knows the image under this name; '' where the engine does not say."""


class StateFile(Value):
    """A small file beside `last_good_tag`; `plain` when it holds one plain word, which then is `content`."""

    name: str = Field(max_length=255)
    content: str = Field(default="", max_length=_STATE_CHARS)
    newline: bool = True
    plain: bool = True


class KeptFile(Value):
    """A file that the deployment reads, and its SHA-256."""

    path: str = Field(max_length=_TEXT)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Snapshot(Value):
    """Everything of one look; a part that could not be seen is None."""

    service: Service | None = None
    sidecars: tuple[Sidecar, ...] | None = Field(default=None, max_length=_MAX_NAMED)
    tags: tuple[LocalTag, ...] | None = Field(default=None, max_length=_MAX_TAGS)
    state_files: tuple[StateFile, ...] | None = Field(default=None, max_length=_MAX_NAMED)
    files: tuple[KeptFile, ...] | None = Field(default=None, max_length=_MAX_NAMED)
    absent_files: tuple[str, ...] = Field(default=(), max_length=_MAX_NAMED)
    """Paths of files that the deployment would read, and that are not there; absolute ones."""
    http_healthy: bool | None = None
    version: str | None = Field(default=None, max_length=_TEXT)

    def image_of(self, reference: str) -> str | None:
        """The id of the image that this local name stands on."""
        return next((tag.image_id for tag in self.tags or () if tag.reference == reference), None)


def snapshot(audit: Audit, phase: Phase) -> Snapshot:
    """What the observations of this phase say; parts that were not observed are None."""

    def seen(name: str) -> Observation | None:
        return audit.newest(f"{phase.value}.{name}")

    found = service(seen("container"), seen("image"))
    health = facts.http_health(seen("health"))
    return Snapshot(
        service=found,
        sidecars=_sidecars(seen("containers"), found),
        tags=_tags(seen("tags")),
        state_files=state_files(seen("state")),
        files=_files(seen("files")),
        absent_files=_absent_files(seen("files")),
        http_healthy=health.healthy if health is not None else None,
        version=health.version if health is not None else None,
    )


def service(container: Observation | None, image: Observation | None) -> Service | None:
    """From `docker inspect` with questions.SERVICE_FORMAT, and its image's RepoDigests; None when not seen whole."""
    data, lies = facts.json_object(container), facts.local_image(image)
    if data is None or not data.get("id"):
        return None
    return Service(
        id=_text(data.get("id")),
        image_text=_text(data.get("config_image")),
        image_id=_text(data.get("image")),
        digests=_digests(lies),
        status=_text(data.get("status")),
        health=_text(data.get("health")) or None,
        started_at=_text(data.get("started"))[:64],
        restarts=data["restarts"] if isinstance(data.get("restarts"), int) else 0,
        mounts=_mounts(data.get("mounts"), data.get("tmpfs")),
        networks=_names(data.get("networks")),
        network_mode=_text(data.get("mode")),
        restart_policy=_text(data.get("restart")),
        environment=_names(data.get("environment")),
        compose=_compose(data),
    )


def _digests(lies: facts.LocalImage | None) -> tuple[str, ...]:
    """Each once, and none that the image has only since a drill pinned it."""
    known = lies.repo_digests if lies is not None else ()
    return tuple(dict.fromkeys(text[:_TEXT] for text in known if not text.startswith(f"{PIN_NAME}@")))[:_MAX_NAMED]


def _compose(data: dict[str, Any]) -> ComposeOrigin | None:
    if not (data.get("project") and data.get("compose_service") and data.get("config_hash")):
        return None
    return ComposeOrigin(
        project=_text(data.get("project")),
        service=_text(data.get("compose_service")),
        working_directory=_text(data.get("working_dir")),
        config_files=tuple(path for path in _text(data.get("config_files")).split(",") if path)[:20],
        config_hash=_text(data.get("config_hash")),
    )


def _mounts(data: object, tmpfs: object) -> tuple[Mount, ...]:
    """Engine API `Mounts`, and the paths of HostConfig's `Tmpfs`, which is not among them."""
    found = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    mounts = [
        Mount(
            kind=_text(one.get("Type")),
            source=_text(one.get("Name")) or _text(one.get("Source")),
            destination=_text(one.get("Destination")),
            writable=one.get("RW") is not False,
        )
        for one in found[:_MAX_NAMED]
    ]
    mounts += [Mount(kind="tmpfs", source="", destination=path, writable=True) for path in _names(tmpfs)]
    return tuple(sorted(mounts, key=str))[:_MAX_NAMED]


def _names(data: object) -> tuple[str, ...]:
    found = [_text(one) for one in data if isinstance(one, str)] if isinstance(data, list) else []
    return tuple(sorted(set(found)))[:_MAX_NAMED]


def is_set_aside(name: str) -> bool:
    """By its name: what compose makes or sets aside while it replaces a container, and leaves if it is interrupted.

    Twelve digits of the replaced container's id, then its name (compose v2: the new one until the old one is gone;
    docker-compose v1: the old one).
    """
    return _SET_ASIDE.match(name) is not None


def _sidecars(observation: Observation | None, found: Service | None) -> tuple[Sidecar, ...] | None:
    """The other containers of the project; None when they were not seen, or there is no project.

    Not those that the service itself has, by its scale; but what compose left of it.
    """
    if observation is None or not observation.ok or observation.cut or found is None or found.compose is None:
        return None
    listed = (facts.json_lines(observation) or ())[:_MAX_NAMED]
    return tuple(
        sorted(
            (
                Sidecar(name=_text(one.get("name")), id=_text(one.get("id")), status=_text(one.get("state")))
                for one in listed
                if one.get("project") == found.compose.project
                and (one.get("service") != found.compose.service or is_set_aside(_text(one.get("name"))))
            ),
            key=lambda one: one.name,
        )
    )


def _tags(observation: Observation | None) -> tuple[LocalTag, ...] | None:
    if observation is None or not observation.ok or observation.cut:
        return None
    lines = (line.split(" ") for line in observation.stdout.splitlines())
    found = {one.reference: one for words in lines if (one := _tag(*words)) is not None}
    return tuple(sorted(found.values(), key=lambda one: one.reference)[:_MAX_TAGS])


def _tag(reference: str, image_id: str = "", digest: str = "", *more: str) -> LocalTag | None:
    """From a line `REPOSITORY:TAG ID DIGEST`, DIGEST `<none>` where it is not known."""
    if not image_id or more or "<none>" in reference:
        return None
    known = digest if is_digest(digest) else ""
    return LocalTag(reference=reference[:_TEXT], image_id=image_id[:128], digest=known)


def state_files(observation: Observation | None) -> tuple[StateFile, ...] | None:
    """Lines `file NAME SIZE CONTENT`, or `odd NAME` of what is no small file with one plain word."""
    if observation is None or not observation.ok or observation.cut:
        return None
    return tuple(sorted(map(_state_file, _lines(observation, ("file", "odd"))), key=lambda one: one.name))


def _state_file(words: list[str]) -> StateFile:
    """What was redacted, or is no plain word of that size, cannot be put back from here: only its name is known."""
    name, size = words[1][:255], words[2] if len(words) > 2 else ""  # noqa: PLR2004
    content = words[3] if len(words) > 3 else ""  # noqa: PLR2004
    whole = size in (str(len(content)), str(len(content) + 1)) and _PLAIN.fullmatch(content)
    if words[0] == "odd" or not whole:
        return StateFile(name=name, plain=False)
    return StateFile(name=name, content=content, newline=size != str(len(content)))


def _files(observation: Observation | None) -> tuple[KeptFile, ...] | None:
    """Lines `file SHA256 PATH`."""
    if observation is None or not observation.ok or observation.cut:
        return None
    split = (line.split(" ", 2) for line in observation.stdout.splitlines()[:_MAX_NAMED])
    found = (words for words in split if len(words) == 3 and words[0] == "file" and len(words[1]) == 64)  # noqa: PLR2004
    return tuple(KeptFile(path=words[2][:_TEXT], sha256=words[1]) for words in found)


def _absent_files(observation: Observation | None) -> tuple[str, ...]:
    """Lines `absent PATH`."""
    if observation is None or not observation.ok or observation.cut:
        return ()
    split = (line.partition(" ") for line in observation.stdout.splitlines()[:_MAX_NAMED])
    return tuple(path[:_TEXT] for word, _, path in split if word == "absent" and path.startswith("/"))


def _lines(observation: Observation, kinds: Iterable[str]) -> list[list[str]]:
    split = (line.split(" ", 3) for line in observation.stdout.splitlines()[:_MAX_NAMED])
    return [words for words in split if len(words) > 1 and words[0] in kinds]


def _text(value: object) -> str:
    return value[:_TEXT] if isinstance(value, str) else ""
