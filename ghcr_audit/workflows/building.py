"""Whether a workflow builds and pushes the image of a tag, and whether its token may: per place, as the files say."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ghcr_audit.workflows.answers import ANY, Answer, shown
from ghcr_audit.workflows.metadata import Reference
from ghcr_audit.workflows.model import Access, Step, Workflow
from ghcr_audit.workflows.pushes import pushing
from ghcr_audit.workflows.runs import Release, Run, runs
from ghcr_audit.workflows.seen import Flows

_CREDENTIAL = re.compile(r"secrets\b|github\.token|GITHUB_TOKEN|\blogin\b|secrets: inherit")
_SECRET = re.compile(r"\bsecrets\s*(?:\.\s*([\w-]+)|\[\s*'([\w-]+)'\s*\])|\b(github\.token)\b")
_JOB_TOKEN = {"GITHUB_TOKEN", "github.token"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The answer for one place, in words, and the workflow that it is about."""

    answer: Answer
    told: str
    workflow: Workflow
    certain: bool = True
    """False where somebody may have meant it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One push of the image in one run."""

    run: Run
    reference: Reference
    name: Answer
    tag: Answer
    sure: Answer
    """Whether the run starts and its push takes place."""

    @property
    def whole(self) -> Answer:
        return min(self.name, self.tag, self.sure)


def builds(flows: Flows, release: Release) -> Judged | None:
    """Whether a push of the tag makes a workflow push its image; None when nothing here pushes this image.

    NO only where a workflow is there that pushes this very image under the tag's own name, and never runs for it.
    """
    ways, opaque = _ways(flows.workflows, release)
    sure = max(ways, key=lambda way: way.whole, default=None)
    if sure is not None and sure.whole > Answer.NO:
        return Judged(answer=sure.whole, told=_told(sure), workflow=sure.run.started)
    meant = _meant(ways)
    if not meant:
        return None
    answer = Answer.PERHAPS if opaque is not None or not flows.whole else Answer.NO
    way = meant[0]
    told = f"{way.run.started.file} pushes it, but does not run for this tag: {_why_not(way)}"
    if opaque is not None:
        told += f"; {opaque.started.file} may push it in a way that is not read here"
    return Judged(answer=answer, told=told, workflow=way.run.started)


def _ways(beside: tuple[Workflow, ...], release: Release) -> tuple[list[_Way], Run | None]:
    """Every push that may be of this image; and a run that starts for the tag and may push in a hidden way."""
    ways: list[_Way] = []
    opaque: Run | None = None
    for run in runs(beside, release):
        found = pushing(run.workflow, run.job, run.situation)
        for push in found.pushes:
            name = push.reference.is_for(release.image, any_registry=release.any_registry)
            tag = _tag(push.reference.tag, release.tag)
            sure = min(push.sure, run.starts)
            ways.append(_Way(run=run, reference=push.reference, name=name, tag=tag, sure=sure))
        if opaque is None and found.opaque and run.starts is not Answer.NO and _has_credential(run):
            opaque = run
    return [way for way in ways if way.name is not Answer.NO], opaque


def _tag(pushed: str, tag: str) -> Answer:
    if ANY in pushed:
        return Answer.PERHAPS
    return Answer.YES if pushed == tag else Answer.NO


def _has_credential(run: Run) -> bool:
    """Without a secret and without a right to packages, no step can push."""
    return run.access is Access.WRITE or bool(run.job.calls) or any(map(_names_credential, run.job.steps))


def _names_credential(step: Step) -> bool:
    return any(_CREDENTIAL.search(text) for text in (step.run, step.action, *_values(step)))


def _values(step: Step) -> Iterable[str]:
    return (value for settings in (step.env, step.arguments) for _, value in settings)


def _told(way: _Way) -> str:
    pushed = f"{shown(way.reference.name)}:{shown(way.reference.tag)}"
    return f"{way.run.started.file} ({way.run.firing.told or 'as it is called'}) pushes {pushed}"


def _meant(ways: list[_Way]) -> list[_Way]:
    return [way for way in ways if way.name is Answer.YES and way.tag is Answer.YES and _follows_refs(way)]


def _follows_refs(way: _Way) -> bool:
    """It is started by something that has a ref of its own: what runs by the clock builds no release."""
    return any(way.run.started.trigger(event) is not None for event in ("push", "create", "release"))


def _why_not(way: _Way) -> str:
    firing = way.run.firing
    if firing.sure is not Answer.NO:
        return f"a condition keeps the job {way.run.job.id} or its push out"
    if firing.told:
        return firing.told
    return f"it starts on {', '.join(trigger.event for trigger in way.run.started.triggers[:5])}"


def may_push(flows: Flows, release: Release) -> Judged | None:
    """Whether the token of a workflow that pushes this image may write packages; None when there is none.

    Where none of them runs for the tag, those count that are meant to: one fault must not hide the next.
    """
    ways, _ = _ways(flows.workflows, release)
    running = [way for way in ways if way.whole is not Answer.NO]
    judged = [_permitted(way) for way in running or _meant(ways)]
    return max(judged, key=lambda one: one.answer, default=None)


class _Credential(StrEnum):
    """Whose credential a job pushes with."""

    JOB = "the job's own token"
    OTHER = "another credential"
    UNSEEN = "a credential that is not seen here"


def _permitted(way: _Way) -> Judged:
    credential, access, file = _credential(way), way.run.access, way.run.started.file
    answer, told = Answer.PERHAPS, f"{file} pushes with {credential}"
    if credential is _Credential.JOB:
        answer, told = _WORDS.get(access, _WORDS[Access.UNREAD])
        told = f"{file}: {told}"
    return Judged(answer=answer, told=told, workflow=way.run.started)


_WORDS = {
    Access.WRITE: (Answer.YES, "permissions have packages: write"),
    Access.LESS: (Answer.NO, "permissions are set without packages: write"),
    Access.UNSET: (Answer.PERHAPS, "no permissions are set, so the repository's own default counts"),
    Access.UNREAD: (Answer.PERHAPS, "permissions cannot be read"),
}


def _credential(way: _Way) -> _Credential:
    """By the logins of the job to the registry that it pushes to."""
    registry = way.reference.name.partition("/")[0]
    used = [secret for step in way.run.job.steps for secret in _login(way, step, registry)]
    if not used:
        return _Credential.UNSEEN
    return _Credential.JOB if _JOB_TOKEN.issuperset(used) else _Credential.OTHER


def _login(way: _Way, step: Step, registry: str) -> list[str]:
    """The secrets that one step logs in with; something else is told as ''."""
    if step.action.endswith("/login-action"):
        here = way.run.situation.of_step(way.run.workflow, way.run.job, step)
        at = here.resolved(step.argument("registry"))
        return _secrets(step.argument("password")) if ANY in at or ANY in registry or at == registry else []
    if re.search(r"\blogin\b", step.run) and (registry in step.run or "$" in step.run):
        env = " ".join(value for settings in (way.run.workflow.env, way.run.job.env) for _, value in settings)
        return _secrets(" ".join((step.run, env, *_values(step))))
    return []


def _secrets(text: str) -> list[str]:
    return ["".join(found) for found in _SECRET.findall(text)] or [""]
