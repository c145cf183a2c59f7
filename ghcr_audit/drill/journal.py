"""The journal: written on the host and in shared storage before a drill changes anything. Restoring needs nothing else.

Text, one `key value` per line, so that a POSIX shell on the host reads what Python writes. Both copies are untrusted
input when they are read back: parsed, bounded, checked against this schema; never executed. The controller's copy wins.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field, ValidationError, field_validator

from ghcr_audit.drill.snapshot import PIN_NAME, ComposeOrigin, LocalTag, Service, Snapshot
from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Value
from ghcr_audit.targets import NAME_PATTERN, Target

MAX_CHARS = 96 * 1024
"""A journal is one word of one command: less than Linux takes."""
_HEAD = "ghcr-audit-journal 1"
_TAIL = "end"
_TAKEN_AT = re.compile(r"^lease of .{1,200} at ([0-9]{1,11})$", re.MULTILINE)
_MAX_WATCHED = 150
"""With so many local tags a journal stays far below its limit."""


class Step(StrEnum):
    """What the drill is about to do; written before it does it."""

    BEGUN = "begun"
    """Pin images, keep files and logs. Nothing of the service was touched yet."""
    DEPLOYING = "deploying"
    ROLLING_BACK = "rolling_back"
    RESTORING = "restoring"
    CLOSING = "closing"
    """The host was seen to be the same: only pins, journal and lease are left to be removed."""


class UnreadableJournalError(AuditError):
    """What should be a journal is none: truncated, forged, or of another version."""

    exit_code = 6


class Journal(Value):
    """One drill that is not over."""

    target: str = Field(pattern=NAME_PATTERN, max_length=60)
    run: str = Field(pattern=r"^[0-9a-f-]{8,36}$")
    by: str = Field(pattern=r"^[0-9a-f-]{8,36}$")
    """The run that now acts on it, and alone may: the drill's own, or one that recovers the host after it."""
    where: str = Field(max_length=300)
    """The host, as the target names it."""
    image_name: str = Field(pattern=r"^[^\s@]+$", max_length=300)
    """The audited image without a tag: from there alone a pruned image is pulled again."""
    container: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$")
    tag: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")
    began_at: AwareDatetime
    """By the host's clock, as the engine's times are: the controller's may be wrong by days."""
    step: Step = Step.BEGUN
    before: Snapshot
    """With those tags only that a drill may move; its service and its compose origin are there."""
    pins: tuple[LocalTag, ...] = Field(default=(), max_length=40)
    """Names under which the images involved are kept from pruning."""
    tag_variable: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
    state_directory: str = Field(pattern=r"^/[^\n\r]+$", max_length=1000)
    forced: str = Field(default="", max_length=200)
    """Why the drill was forced on a host that was not as it should be; '' when it was not."""

    @field_validator("before")
    @classmethod
    def _whole(cls, before: Snapshot) -> Snapshot:
        if before.service is None or before.service.compose is None:
            raise ValueError("knows no compose service to go back to")
        words = [*_paths(before), *(f"{tag.reference} {tag.image_id}" for tag in before.tags or ())]
        if any(character in word for word in words for character in "\n\r\0"):
            raise ValueError("holds a line break where none may be")
        return before

    @property
    def service(self) -> Service:
        """The service as it was."""
        if self.before.service is None:
            raise ValueError("a journal without a service")
        return self.before.service

    @property
    def compose(self) -> ComposeOrigin:
        """How it was made."""
        if self.service.compose is None:
            raise ValueError("a journal without a compose project")
        return self.service.compose

    @property
    def tag_before(self) -> str:
        """The tag that the running container was started by; `latest` where its name had none."""
        last = self.service.image_text.rpartition("/")[2].partition("@")[0]
        return last.partition(":")[2] or "latest"

    def at(self, step: Step, *, by: str | None = None) -> "Journal":
        """The same drill, one step on."""
        return self.model_copy(update={"step": step, "by": by or self.by})


def _paths(before: Snapshot) -> list[str]:
    compose = before.service.compose if before.service else None
    files = [file.path for file in before.files or ()]
    names = [f"{file.name}{file.content}" for file in before.state_files or ()]
    origin = [compose.project, compose.service, compose.working_directory, *compose.config_files] if compose else []
    image = [before.service.image_text] if before.service else []
    return [*files, *before.absent_files, *names, *origin, *image]


def pin_of(container: str, run: str, number: int) -> str:
    """The name that keeps one image of a drill; it tells whose it is."""
    return f"{PIN_NAME}:drill-{container[:60]}-{run[:36]}-{number}"


def watched(target: Target, before: Snapshot, tags: tuple[str, ...]) -> Snapshot:
    """The snapshot with those local tags only that a drill may move: names of the image, and what runs."""
    name, running = target.image_ref.name, before.service
    images = {running.image_id} if running else set()
    texts = {running.image_text} if running else set()
    texts |= {f"{name}:{tag}" for tag in tags}
    kept = tuple(
        tag
        for tag in before.tags or ()
        if (tag.reference in texts or tag.image_id in images or tag.reference.startswith(f"{name}:"))
        and not tag.reference.startswith(f"{PIN_NAME}:")
    )
    first = sorted(kept, key=lambda tag: (tag.reference not in texts, tag.reference))[:_MAX_WATCHED]
    return before.model_copy(update={"tags": tuple(first)})


def host_time(lease_words: str) -> datetime | None:
    """When the lease was taken, by the host's clock; None where it did not say. Untrusted: parsed, bounded."""
    said = _TAKEN_AT.search(lease_words)
    return datetime.fromtimestamp(int(said[1]), UTC) if said else None


def render(journal: Journal) -> str:
    """The journal as text: for the host's shell its first lines, for Python the last but one, as JSON."""
    service, compose = journal.service, journal.compose
    lines = [
        _HEAD,
        f"run {journal.by}",
        f"step {journal.step.value}",
        f"container {journal.container}",
        f"image {service.image_text}",
        f"image_id {service.image_id}",
        f"status {service.status}",
        f"project {compose.project}",
        f"service {compose.service}",
        f"directory {compose.working_directory}",
        *(f"compose_file {path}" for path in compose.config_files),
        f"config_hash {compose.config_hash}",
        f"variable {journal.tag_variable}={journal.tag_before}",
        *(f"pin {pin.image_id} {pin.reference}" for pin in journal.pins),
        *dict.fromkeys(_source_lines(journal)),
        *(f"tag {tag.image_id} {tag.reference}" for tag in journal.before.tags or ()),
        *(f"keep {file.sha256} {file.path}" for file in journal.before.files or ()),
        *(f"absent {path}" for path in journal.before.absent_files),
        f"state_directory {journal.state_directory}",
        *_state_lines(journal.before),
        *(f"sidecar {one.id} {one.status} {one.name}" for one in journal.before.sidecars or ()),
        f"json {journal.model_dump_json()}",
        _TAIL,
    ]
    return "\n".join(lines) + "\n"


def _source_lines(journal: Journal) -> Iterator[str]:
    """Where each pinned image can be had again. With the containerd store an image's id is its digest."""
    name, service = journal.image_name, journal.service
    known = [(service.image_id, digest) for digest in service.digests_of(name)[:1]]
    tags = (tag for tag in journal.before.tags or () if tag.reference.startswith(f"{name}:"))
    known += [(tag.image_id, tag.digest or tag.image_id) for tag in tags]
    pinned = {pin.image_id for pin in journal.pins}
    return (f"source {image_id} {name}@{digest}" for image_id, digest in known if image_id in pinned)


def _state_lines(before: Snapshot) -> list[str]:
    files = before.state_files or ()
    return [
        f"state {int(file.newline)} {file.name} {file.content}" if file.plain else f"state_other {file.name}"
        for file in files
    ]


def parse(text: str) -> Journal:
    """The journal in this text.

    Raises:
        UnreadableJournalError: it is truncated, malformed, too long, or its lines do not say what its JSON says.
    """
    lines = text.split("\n")
    if len(text) > MAX_CHARS or lines[0] != _HEAD or lines[-2:] != [_TAIL, ""]:
        raise UnreadableJournalError(f"journal: read: {len(text)} characters that are no whole journal")
    data = next((line.removeprefix("json ") for line in lines if line.startswith("json ")), "")
    try:
        journal = Journal.model_validate_json(data)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UnreadableJournalError(f"journal: read: not as a journal is ({where or 'no JSON'})") from None
    if render(journal) != text:
        raise UnreadableJournalError("journal: read: its lines and its JSON do not say the same")
    return journal


def fits(journal: Journal, target: Target) -> str:
    """Why this journal cannot be one of this target; '' when it can."""
    deploy = target.deploy
    if deploy is None:
        return "the target has no table [deploy]"
    if (journal.target, journal.container, journal.where) != (target.name, target.container, target.where):
        return f"it is of target {journal.target}, container {journal.container} on {journal.where}"
    if journal.image_name != target.image_ref.name:
        return f"it is of image {journal.image_name}"
    if not all(re.match(r"/", path) for path in (journal.compose.working_directory, *journal.compose.config_files)):
        return "its paths are not absolute"
    odd = [tag.reference for tag in journal.pins if not tag.reference.startswith(f"{PIN_NAME}:drill-")]
    if odd:
        return f"it pins {odd[0]}, which is no pin"
    return ""
