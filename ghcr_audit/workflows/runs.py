"""Every job that one push of a tag can start, each in its situation; called workflows included."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ghcr_audit.workflows.answers import Answer
from ghcr_audit.workflows.expressions import holds
from ghcr_audit.workflows.firing import Firing, firings
from ghcr_audit.workflows.model import Access, Job, Workflow
from ghcr_audit.workflows.situation import Situation

_MAX_CALLS = 3
_MAX_RUNS = 2000
_NEVER = Firing(event="", sure=Answer.NO, told="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a release is here: its tag, its image, and what is known of the repository."""

    tag: str
    image: str
    """Registry and repository."""
    any_registry: bool
    """The image lies on this machine's own registry, a stand-in for the one that the workflows name."""
    repository: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One job, started by one event. `workflow` is the file in which the job stands, `started` the one that fires."""

    started: Workflow
    workflow: Workflow
    job: Job
    firing: Firing
    situation: Situation
    access: Access
    """What its token may do with packages, by the files."""

    @property
    def starts(self) -> Answer:
        """Whether it starts for the tag, all conditions of its job included."""
        return min(self.firing.sure, holds(self.job.condition, self.situation.inside(self.workflow.env).lookup))


def runs(beside: tuple[Workflow, ...], release: Release) -> Iterator[Run]:
    """Every job of these workflows, also of those that never start for the tag."""
    count = 0
    for workflow in beside:
        for firing in firings(workflow, release.tag, beside) or (_NEVER,):
            for run in _of_workflow(workflow, firing, beside, release):
                count += 1
                if count > _MAX_RUNS:
                    return
                yield run


def _of_workflow(workflow: Workflow, firing: Firing, beside: tuple[Workflow, ...], release: Release) -> Iterator[Run]:
    situation = Situation(
        tag=release.tag,
        event=firing.event if firing.event != "workflow_dispatch" else "",
        repository=release.repository,
        branch=release.branch,
        source=firing.source,
    )
    for job in workflow.jobs:
        access = job.access if job.access is not Access.UNSET else workflow.access
        run = Run(started=workflow, workflow=workflow, job=job, firing=firing, situation=situation, access=access)
        yield from _with_called(run, beside, 0)


def _with_called(run: Run, beside: tuple[Workflow, ...], depth: int) -> Iterator[Run]:
    """The job, or in its place the jobs of the workflow beside it that it calls."""
    path = run.job.calls.removeprefix("./")
    called = next((other for other in beside if other.path == path), None) if run.job.calls else None
    if called is None or depth >= _MAX_CALLS:
        yield run
        return
    here = run.situation.inside(run.workflow.env)
    inputs = tuple((name, here.resolved(value)) for name, value in run.job.arguments)
    firing = replace(run.firing, sure=run.starts)
    for job in called.jobs:
        access = _narrowed(run.access, job.access if job.access is not Access.UNSET else called.access)
        inner = replace(
            run, workflow=called, job=job, firing=firing, access=access, situation=replace(run.situation, inputs=inputs)
        )
        yield from _with_called(inner, beside, depth + 1)


def _narrowed(caller: Access, called: Access) -> Access:
    """A called workflow may do what its caller may, or less."""
    if called is Access.UNSET or caller in (Access.LESS, Access.UNREAD):
        return caller
    return called if caller is Access.WRITE or called is not Access.WRITE else caller
