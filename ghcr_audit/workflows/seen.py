"""What was seen of the repository: its workflows at the tag, on the default branch and elsewhere; its deploy files.

From the observations of adapters/git_files.py: JSON lines that end with `{"kind": "end"}`. Untrusted, bounded; an
answer without its end was not seen.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Observation
from ghcr_audit.workflows.model import Workflow
from ghcr_audit.workflows.reading import workflow

WORKFLOWS = "git.workflows"
DEFAULT_BRANCH = "git.default_branch"
DEPLOY_FILES = "git.deploy_files"
"""Keys of the observations."""


_MAX_LINES = 4000


class Place(StrEnum):
    """Where a file stands."""

    TAG = "tag"
    DEFAULT = "default"
    BRANCH = "branch"
    RELEASE = "release"


class Role(StrEnum):
    """What a deploy file is for."""

    SCRIPT = "script"
    COMPOSE = "compose"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultBranch:
    """GitHub's default branch, as far as the clone knows; `sure` where its remote's own HEAD says so."""

    name: str
    sure: bool
    repository: str
    """`owner/name` on GitHub, '' when no remote tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The workflows of one place. `whole`: every file could be read; else there may be others that do anything."""

    place: Place
    name: str
    workflows: tuple[Workflow, ...]
    whole: bool

    @property
    def told(self) -> str:
        """The place in words."""
        return f"at {self.name}" if self.place is Place.TAG else f"on {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFile:
    """One version of a deploy file; `text` of the script alone, '' where it was not kept."""

    role: Role
    place: Place
    name: str
    """The tag or branch."""
    path: str
    sha256: str
    text: str = ""


def default_branch(audit: Audit) -> DefaultBranch | None:
    """The default branch; None when it is not known."""
    found = next(iter(_entries(audit.newest(DEFAULT_BRANCH)) or ()), None)
    if found is None or not _text(found, "branch"):
        return None
    return DefaultBranch(
        name=_text(found, "branch"), sure=found.get("sure") is True, repository=_text(found, "repository")
    )


def flows(audit: Audit) -> tuple[Flows, ...] | None:
    """The workflows of every place that was looked at; None when they were not seen."""
    observation = audit.newest(WORKFLOWS)
    return None if _entries(observation) is None or observation is None else _flows(observation.stdout)


@lru_cache(maxsize=8)
def _flows(text: str) -> tuple[Flows, ...]:
    """Cached: several claims and findings ask, and YAML is slow to read."""
    entries = _objects(text) or []
    texts = {_text(one, "blob"): one.get("text") for one in entries if one.get("kind") == "text"}
    places = dict.fromkeys((_text(one, "place"), _text(one, "name")) for one in entries if one.get("kind") == "place")
    return tuple(_of_place(place, name, entries, texts) for place, name in places if place in set(Place))


def _of_place(place: str, name: str, entries: list[dict[str, Any]], texts: dict[str, Any]) -> Flows:
    here = [one for one in entries if (one.get("place"), one.get("name")) == (place, name)]
    files = [one for one in here if one.get("kind") == "file"]
    read = [_read(_text(one, "path"), texts.get(_text(one, "blob"))) for one in files]
    cut = any(one.get("kind") == "place" and one.get("cut") is True for one in here)
    known = tuple(one for one in read if one is not None)
    return Flows(place=Place(place), name=name, workflows=known, whole=len(known) == len(read) and not cut)


def _read(path: str, text: object) -> Workflow | None:
    return workflow(path, text) if isinstance(text, str) else None


def deploy_files(audit: Audit) -> tuple[DeployFile, ...] | None:
    """Every version of the deploy files that was seen; None when nobody looked."""
    entries = _entries(audit.newest(DEPLOY_FILES))
    if entries is None:
        return None
    texts = {_text(one, "blob"): _text(one, "text") for one in entries if one.get("kind") == "text"}
    return tuple(_deploy_files(entries, texts))


def _deploy_files(entries: list[dict[str, Any]], texts: dict[str, str]) -> Iterator[DeployFile]:
    for one in entries:
        role, place, sha256 = _text(one, "role"), _text(one, "place"), _text(one, "sha256")
        if one.get("kind") == "file" and role in set(Role) and place in set(Place) and sha256:
            yield DeployFile(
                role=Role(role),
                place=Place(place),
                name=_text(one, "name"),
                path=_text(one, "path"),
                sha256=sha256,
                text=texts.get(_text(one, "blob"), ""),
            )


def version(files: tuple[DeployFile, ...] | None, role: Role, place: Place) -> DeployFile | None:
    """The file of this role at this place."""
    return next((one for one in files or () if one.role is role and one.place is place), None)


def _entries(observation: Observation | None) -> list[dict[str, Any]] | None:
    if observation is None or not observation.ok or observation.cut:
        return None
    return _objects(observation.stdout)


def _objects(text: str) -> list[dict[str, Any]] | None:
    """The lines before the end; None when the end is missing, or a line is no JSON object."""
    found = [_loaded(line) for line in text.splitlines()[:_MAX_LINES]]
    entries = [one for one in found if isinstance(one, dict)]
    if not found or len(entries) != len(found) or entries[-1].get("kind") != "end":
        return None
    return entries[:-1]


def _loaded(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
