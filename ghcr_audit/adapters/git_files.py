"""How the repository builds and deploys: its workflows, its default branch, and the deploy files at every release.

Each observation is JSON lines that end with `{"kind": "end"}`; `ghcr_audit.workflows.seen` reads them. Texts are
redacted before they are put into a line.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ghcr_audit.adapters.clock import Stopwatch
from ghcr_audit.adapters.git_objects import GitReadError, Objects, TreeFile
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.redaction import current_redactor
from ghcr_audit.tags import name_order
from ghcr_audit.targets import Target
from ghcr_audit.workflows.seen import DEFAULT_BRANCH, DEPLOY_FILES, WORKFLOWS, Place, Role

_FOLDER = ".github/workflows"
_MAX_FILES = 50
_MAX_FILE_BYTES = 256 * 1024
_MAX_TEXT_BYTES = 1024 * 1024
"""Of all workflows together; what lies beyond is named, and not judged."""
_MAX_BRANCHES = 20
_MAX_RELEASES = 50
_USUAL = ("main", "master")
_GITHUB = re.compile(r"github\.com[:/]([A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}?)(?:\.git)?/?\Z")

Entry = dict[str, str | bool]
"""One line of an observation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """The default branch: its name, the ref that is read, and whether it is surely the default."""

    name: str
    ref: str
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revision:
    """A revision to look at, and as what."""

    place: Place
    name: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One look at one repository for one tag. `refs`: branches here and on origin."""

    objects: Objects
    target: Target
    tag: str
    refs: tuple[str, ...]
    branch: _Branch | None

    def default_branch(self) -> Iterator[Entry]:
        """The branch, and which repository on GitHub this is a clone of."""
        branch = self.branch
        if branch is not None:
            yield {"kind": "branch", "branch": branch.name, "sure": branch.sure, "repository": self._repository()}

    def _repository(self) -> str:
        try:
            found = self.objects.lines("config", "--get", "remote.origin.url")
        except GitReadError:
            return ""
        named = _GITHUB.search(found[0]) if found else None
        return named[1] if named else ""

    def workflows(self) -> Iterator[Entry]:
        """The workflows at the tag, on the default branch, and those that stand on another branch alone."""
        places = {place: self._flow_files(place) for place in self._revisions()}
        default = [files for place, files in places.items() if place.place is Place.DEFAULT]
        known = {file.path for files in default for file in files or ()}
        kept: list[TreeFile] = []
        for place, files in places.items():
            if files is None:
                continue
            here = [one for one in files if place.place is not Place.BRANCH or one.path not in known]
            cut = len(here) > _MAX_FILES
            yield {"kind": "place", "place": place.place, "name": place.name, "cut": cut}
            for file in here[:_MAX_FILES]:
                yield {"kind": "file", "place": place.place, "name": place.name, "path": file.path, "blob": file.blob}
            kept += here[:_MAX_FILES]
        yield from self._texts(kept)

    def _revisions(self) -> Iterator[_Revision]:
        yield _Revision(place=Place.TAG, name=self.tag, ref=f"refs/tags/{self.tag}")
        branch = self.branch
        if branch is None:
            return
        yield _Revision(place=Place.DEFAULT, name=branch.name, ref=branch.ref)
        side = branch.ref.removesuffix(branch.name)
        others = [ref for ref in self.refs if ref.startswith(side) and ref != branch.ref]
        for ref in others[:_MAX_BRANCHES]:
            yield _Revision(place=Place.BRANCH, name=ref.removeprefix(side), ref=ref)

    def _flow_files(self, revision: _Revision) -> list[TreeFile] | None:
        """Files directly in the folder, as GitHub reads them; None when there is no such revision."""
        try:
            files = self.objects.files(revision.ref, _FOLDER)
        except GitReadError:
            return None
        return [one for one in files if one.path.endswith((".yml", ".yaml"))]

    def _texts(self, files: Iterable[TreeFile]) -> Iterator[Entry]:
        """Each file's text once, as long as there is room."""
        wanted: list[str] = []
        room = _MAX_TEXT_BYTES
        for file in {one.blob: one for one in files if one.size_bytes <= _MAX_FILE_BYTES}.values():
            room -= file.size_bytes
            if room >= 0:
                wanted.append(file.blob)
        for blob, data in self.objects.contents(wanted, _MAX_TEXT_BYTES).items():
            yield {"kind": "text", "blob": blob, "text": data.decode("utf-8", "replace")}

    def deploy_files(self) -> Iterator[Entry]:
        """Deploy script and compose file at the tag, on the default branch and at every release, by their SHA-256."""
        deploy = self.target.deploy
        if deploy is None:
            return
        branch = self.branch
        for role, name in ((Role.SCRIPT, deploy.script), (Role.COMPOSE, deploy.compose_file)):
            revisions = [_Revision(place=Place.TAG, name=self.tag, ref=f"refs/tags/{self.tag}")]
            revisions += [_Revision(place=Place.DEFAULT, name=branch.name, ref=branch.ref)] if branch else []
            revisions += [_Revision(place=Place.RELEASE, name=tag, ref=f"refs/tags/{tag}") for tag in self._releases()]
            path = self._path_of(name.rpartition("/")[2], revisions[:2])
            if path:
                yield from self._versions(role, path, revisions)

    def _path_of(self, name: str, revisions: list[_Revision]) -> str:
        """Where the repository has the file of this name: the only one of the first revision that has any."""
        for revision in revisions:
            try:
                found = [path for path in self.objects.paths(revision.ref) if path.rpartition("/")[2] == name]
            except GitReadError:
                continue
            if found:
                return found[0] if len(found) == 1 else ""
        return ""

    def _releases(self) -> list[str]:
        tags = self.objects.lines("for-each-ref", "refs/tags", "--format=%(refname:strip=2)")
        names = [tag for tag in tags if re.fullmatch(self.target.tag_pattern, tag)]
        return sorted(names, key=name_order)[-_MAX_RELEASES:]

    def _versions(self, role: Role, path: str, revisions: list[_Revision]) -> Iterator[Entry]:
        blobs = self.objects.blob_ids(f"{one.ref}:{path}" for one in revisions)
        found = [(one, blob) for one, blob in zip(revisions, blobs, strict=False) if blob]
        sizes = self.objects.contents((blob for _, blob in found), _MAX_RELEASES * _MAX_FILE_BYTES)
        for one, blob in found:
            if blob in sizes:
                sha256 = hashlib.sha256(sizes[blob]).hexdigest()
                entry: Entry = {"kind": "file", "role": role, "place": one.place, "name": one.name}
                yield entry | {"path": path, "blob": blob, "sha256": sha256}
        if role is Role.SCRIPT:
            kept = {blob for one, blob in found if one.place is not Place.RELEASE}
            for blob in sorted(kept & sizes.keys()):
                text = sizes[blob][:_MAX_FILE_BYTES].decode("utf-8", "replace")
                yield {"kind": "text", "blob": blob, "text": text}


def observe_delivery(target: Target, tag: str) -> tuple[Observation, ...]:
    """Default branch, workflows, and with a table [deploy] its files: nothing without a repository."""
    if not target.repository:
        return ()
    watch, folder = Stopwatch(), Path(target.repository).expanduser()
    try:
        look = _looked(Objects(folder=folder), target, tag)
    except GitReadError as error:
        return (_observation(DEFAULT_BRANCH, "git for-each-ref", folder, watch, said=str(error)),)
    asked = {
        DEFAULT_BRANCH: ("git for-each-ref: the default branch", look.default_branch),
        WORKFLOWS: (f"git ls-tree, cat-file: {_FOLDER} at {tag} and on the branches", look.workflows),
    }
    if (deploy := target.deploy) is not None:
        text = f"git ls-tree, cat-file: {deploy.script} and {deploy.compose_file} at the releases"
        asked[DEPLOY_FILES] = (text, look.deploy_files)
    return tuple(_observed(key, text, folder, entries) for key, (text, entries) in asked.items())


def _looked(objects: Objects, target: Target, tag: str) -> _Look:
    listed = objects.lines("for-each-ref", "--format=%(refname) %(symref)", "refs/heads", "refs/remotes/origin")
    refs = {ref: points_to for ref, _, points_to in (line.partition(" ") for line in listed)}
    branches = tuple(ref for ref, points_to in refs.items() if not points_to)
    return _Look(objects=objects, target=target, tag=tag, refs=branches, branch=_default(objects, refs))


def _default(objects: Objects, refs: Mapping[str, str]) -> _Branch | None:
    """By the remote's own HEAD; else by the usual names; else, without any remote, the branch that is checked out."""
    if (head := refs.get("refs/remotes/origin/HEAD", "")) in refs:
        return _Branch(name=head.removeprefix("refs/remotes/origin/"), ref=head, sure=True)
    remote = any(ref.startswith("refs/remotes/") for ref in refs)
    prefixes = ("refs/remotes/origin/", "refs/heads/") if remote else ("refs/heads/",)
    names = [prefix + name for prefix in prefixes for name in _USUAL if prefix + name in refs]
    if not remote and not names:
        names = [ref for ref in _checked_out(objects) if ref in refs]
    sure = not remote and len(names) == 1
    return _Branch(name=names[0].split("/", 3 if remote else 2)[-1], ref=names[0], sure=sure) if names else None


def _checked_out(objects: Objects) -> list[str]:
    try:
        return objects.lines("symbolic-ref", "--quiet", "HEAD")
    except GitReadError:
        return []


def _observed(key: str, asked: str, folder: Path, entries: Callable[[], Iterator[Entry]]) -> Observation:
    watch = Stopwatch()
    try:
        lines = [*map(_line, entries()), _line({"kind": "end"})]
    except GitReadError as error:
        return _observation(key, asked, folder, watch, said=str(error))
    return _observation(key, asked, folder, watch, stdout="".join(f"{line}\n" for line in lines))


def _observation(
    key: str, asked: str, folder: Path, watch: Stopwatch, *, stdout: str = "", said: str = ""
) -> Observation:
    return Observation(
        key=key,
        link=Link.PREFLIGHT,
        vantage=Vantage.CONTROLLER,
        where=f"repository {folder.name}",
        asked=current_redactor().redact(asked),
        observed_at=watch.began_at,
        duration_ms=watch.ms,
        exit_code=1 if said else 0,
        stdout=stdout,
        stderr=current_redactor().redact(said),
    )


def _line(entry: Entry) -> str:
    """Redacted value by value: no placeholder can end a line's quotes."""
    redact = current_redactor().redact
    return json.dumps({key: redact(value) if isinstance(value, str) else value for key, value in entry.items()})
