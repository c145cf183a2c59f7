"""docker/metadata-action: which references it makes for a tag. Source: its README (`images`, `tags`, `flavor`)."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ghcr_audit.workflows.answers import ANY, Answer, equals
from ghcr_audit.workflows.model import Step
from ghcr_audit.workflows.situation import Situation

METADATA = "/metadata-action"
_DEFAULT_TYPES = ("type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr")
_SEMVER = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image that is pushed: registry and repository, and its tag. ANY stands in them for what is not known."""

    name: str
    tag: str

    @classmethod
    def of(cls, text: str) -> "Reference":
        """From `NAME[:TAG]`; where a part is not known, the tag may be anything."""
        name, colon, tag = text.rpartition(":")
        if not colon or "/" in tag:
            return cls(name=text, tag=ANY if ANY in text else "latest")
        return cls(name=name, tag=tag)

    def is_for(self, name: str, *, any_registry: bool) -> Answer:
        """Whether it is this image (`ghcr.io/acme/observer`); `any_registry` compares what follows the host alone."""
        if not any_registry:
            return equals(self.name, name)
        host, slash, repository = self.name.partition("/")
        return Answer.PERHAPS if ANY in (host if slash else self.name) else equals(repository, name.partition("/")[2])


def metadata_references(step: Step, here: Situation) -> Iterator[Reference]:
    """Every reference that the action makes; one with an unknown tag where its inputs cannot be read."""
    tags = list(_tags(step, here))
    for name in _images(step, here):
        yield from (Reference(name=name, tag=tag) for tag in tags)


def _images(step: Step, here: Situation) -> Iterator[str]:
    for line in _lines(here.resolved(step.argument("images"))):
        fields = _fields(line)
        if fields.get("enable", "true") != "false":
            yield fields.get("name", line.strip())


def _tags(step: Step, here: Situation) -> Iterator[str]:
    flavor = here.resolved(step.argument("flavor"))
    changed = re.search(r"\b(?:prefix|suffix)=[^\s,]", flavor) is not None
    for line in _lines(here.resolved(step.argument("tags"))) or _DEFAULT_TYPES:
        made = _tag(_fields(line), here)
        if made is not None:
            yield ANY if changed else made


def _tag(fields: dict[str, str], here: Situation) -> str | None:
    """The tag that one `type=…` line makes for a pushed tag; None when it makes none, ANY when that is not known."""
    enabled = fields.get("enable", "true")
    if enabled == "false":
        return None
    made = _made(fields, here)
    if made is None or (made != ANY and ("prefix" in fields or "suffix" in fields)):
        made = None if made is None else f"{fields.get('prefix', '')}{made}{fields.get('suffix', '')}"
    return made if made is None or enabled == "true" else f"{ANY}"


def _made(fields: dict[str, str], here: Situation) -> str | None:
    kind, value = fields.get("type", "raw"), fields.get("value", "")
    if kind == "ref":
        return here.tag if fields.get("event") == "tag" and here.event != "workflow_run" else None
    if kind == "semver":
        return _semver(fields.get("pattern", ""), value or here.tag)
    if kind == "raw":
        return ANY if "{{" in value else (value or fields.get("raw", ANY))
    return None if kind in ("edge", "schedule") and here.event == "push" else ANY


def _semver(pattern: str, version: str) -> str | None:
    """Of a name that is no version the action makes no tag."""
    found = _SEMVER.fullmatch(version)
    if ANY in version:
        return ANY
    if found is None:
        return None
    major, minor, patch = found.groups()
    known = {"{{raw}}": version, "{{version}}": version.removeprefix("v"), "{{major}}.{{minor}}": f"{major}.{minor}"}
    known |= {"{{major}}": major, "v{{version}}": f"v{version.removeprefix('v')}"}
    return known.get(pattern.replace(" ", ""), ANY if patch else None)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()[:100] if line.strip()]


def _fields(line: str) -> dict[str, str]:
    """One line of comma-separated `key=value`; a line without any is a bare value."""
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error:
        return {}
    pairs = [cell.strip().partition("=") for cell in cells[:20]]
    found = {key.strip().lower(): value.strip() for key, equal, value in pairs if equal}
    return found or {"raw": line}
