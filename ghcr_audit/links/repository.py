"""What the audit knows of the repository's side, judged once for claims and findings alike. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ghcr_audit.audit import Audit
from ghcr_audit.images import is_loopback
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import Deploy
from ghcr_audit.workflows.building import Judged, builds, may_push
from ghcr_audit.workflows.contract import Conflict, Contract, conflicts, contract
from ghcr_audit.workflows.deploying import DeployCall, Triggering, call_conflicts, deploy_calls
from ghcr_audit.workflows.model import Workflow
from ghcr_audit.workflows.runs import Release
from ghcr_audit.workflows.seen import (
    DefaultBranch,
    DeployFile,
    Flows,
    Place,
    Role,
    default_branch,
    deploy_files,
    flows,
    version,
)
from ghcr_audit.workflows.shell import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A call that contradicts the script's own order of arguments."""

    subject: str
    """The workflow, or the target file's own setting."""
    told: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The workflows and deploy files of one repository, seen for one release."""

    target: Target
    release: Release
    places: tuple[Flows, ...]
    files: tuple[DeployFile, ...] | None
    branch: DefaultBranch | None

    def place(self, place: Place) -> Flows | None:
        """The workflows of the tag or of the default branch."""
        return next((one for one in self.places if one.place is place), None)

    def builds(self) -> tuple[Judged | None, Judged | None]:
        """Whether the tag is built: by the tag's own files, and by the default branch's."""
        return self._in_both(builds)

    def may_push(self) -> tuple[Judged | None, Judged | None]:
        """Whether the token may push: by the tag's own files, and by the default branch's."""
        return self._in_both(may_push)

    def _in_both(self, judge: Callable[[Flows, Release], Judged | None]) -> tuple[Judged | None, Judged | None]:
        tag, default = self.place(Place.TAG), self.place(Place.DEFAULT)
        return (judge(tag, self.release) if tag else None, judge(default, self.release) if default else None)

    def is_for_tags(self, workflow: Workflow) -> bool:
        """It filters tags, or a deploy of this target waits for it: then it is meant to build releases."""
        push = workflow.trigger("push")
        filters = push is not None and not (push.tags is None and push.tags_ignore is None)
        return filters or any(
            (waiting := call.workflow.trigger("workflow_run")) is not None and workflow.name in waiting.workflows
            for _, call in self.calls()
        )

    def triggers(self) -> Judged | None:
        """Whether the workflow that deploys after another one takes effect."""
        deploy = self.target.deploy
        if deploy is None:
            return None
        return Triggering(places=self.places, release=self.release, script=_file(deploy.script)).judged()

    def calls(self) -> tuple[tuple[Flows, DeployCall], ...]:
        """Every call of the deploy script that counts: what another workflow starts runs from the default branch.

        Where nothing there calls it, calls elsewhere count: they are what will run once they stand there.
        """
        script = _file(self.target.deploy.script) if self.target.deploy is not None else ""
        found = [(place, one) for place in self.places for one in (deploy_calls(place, script) if script else ())]
        default = any(place.place is Place.DEFAULT for place, _ in found)
        return tuple(
            (place, one)
            for place, one in found
            if not default or place.place is Place.DEFAULT or (place.place is Place.TAG and _runs_at_tag(one.workflow))
        )

    def contracts(self) -> tuple[Contract, ...]:
        """How the script reads its arguments: at the tag, on the default branch."""
        known = (self.contract(place) for place in (Place.TAG, Place.DEFAULT))
        return tuple(one for one in known if one is not None)

    def contract(self, place: Place) -> Contract | None:
        """How the script at this place reads its arguments; for another branch, the default branch's."""
        wanted = (Place.DEFAULT, Place.TAG) if place is Place.BRANCH else (place,)
        scripts = (version(self.files, Role.SCRIPT, one) for one in wanted)
        script = next((one for one in scripts if one is not None and one.text), None)
        return contract(_file(script.path), script.text) if script is not None else None

    def contract_breaks(self) -> tuple[Break, ...] | None:
        """Every call that contradicts the script at its own place; None when the script was not looked for."""
        if self.files is None:
            return None
        found: list[Break] = []
        for place, call in self.calls():
            known = self.contract(place.place)
            told = call_conflicts(call, known, self.release, self._is_tag) if known is not None else ()
            if told:
                found.append(_break(f"{call.workflow.file} {place.told}", told))
        return (*found, *self._own_arguments())

    def _own_arguments(self) -> tuple[Break, ...]:
        """The target file's `deploy.arguments`, where somebody wrote them or a drill would use them."""
        deploy, known = self.target.deploy, self.contract(Place.TAG)
        if deploy is None or known is None or not _is_used(deploy, self.target):
            return ()
        words = tuple(Word(text=word, fixed=True) for word in deploy.arguments)
        told = conflicts(known, words, lambda word: _deploy_word(deploy, word, self.release.tag), self._is_tag)
        return (_break(f"deploy.arguments of target {self.target.name}", told),) if told else ()

    def _is_tag(self, text: str) -> bool:
        return re.fullmatch(self.target.tag_pattern, text) is not None


def _runs_at_tag(workflow: Workflow) -> bool:
    """It is started by the tag itself, and then GitHub takes the file that stands there."""
    return any(workflow.trigger(event) is not None for event in ("push", "release"))


def _is_used(deploy: Deploy, target: Target) -> bool:
    return "arguments" in deploy.model_fields_set or target.drill == "allowed"


def _deploy_word(deploy: Deploy, word: str, tag: str) -> str:
    """One word of `deploy.arguments` as a deploy of this tag would give it."""
    filled = deploy.model_copy(update={"arguments": (word,)})
    return filled.words(tag=tag, action="deploy", previous=tag)[0]


def _break(subject: str, found: tuple[Conflict, ...]) -> Break:
    told = f"{subject} passes " + ", ".join(one.told for one in found[:4])
    return Break(subject=subject, told=told, certain=len(found) > 1 or any(one.certain for one in found))


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def repository(audit: Audit) -> Repository | None:
    """The repository's side; None when its workflows were not seen."""
    places = flows(audit)
    if places is None:
        return None
    branch = default_branch(audit)
    return _repository(audit.target, audit.tag, places, deploy_files(audit), branch)


def _repository(
    target: Target,
    tag: str,
    places: tuple[Flows, ...],
    files: tuple[DeployFile, ...] | None,
    branch: DefaultBranch | None,
) -> Repository:
    image = target.image_ref
    release = Release(
        tag=tag,
        image=image.name,
        any_registry=is_loopback(image.registry),
        repository=branch.repository if branch is not None else "",
        branch=branch.name if branch is not None else "",
    )
    return Repository(target=target, release=release, places=places, files=files, branch=branch)
