"""Which workflows run when a tag is pushed, and on which event.

Source: GitHub Docs, "Events that trigger workflows" and "Workflow syntax".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ghcr_audit.workflows.answers import Answer, answer, worst
from ghcr_audit.workflows.filters import ignores, is_plain, selects
from ghcr_audit.workflows.model import Trigger, Workflow

_MAX_CHAIN = 3
"""GitHub chains no more workflows by workflow_run."""
_BY_SOMEBODY = {
    "release": "when a release of it is published",
    "workflow_dispatch": "when it is started by hand",
    "repository_dispatch": "when it is started from outside",
    "create": "when the tag is created",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """That one event starts a workflow for a tag, how surely, and why."""

    event: str
    sure: Answer
    told: str
    source: str = ""
    """workflow_run: the name of the workflow that ran before."""


def firings(workflow: Workflow, tag: str, others: Iterable[Workflow] = (), chain: int = 0) -> tuple[Firing, ...]:
    """How each trigger of a workflow behaves for this tag. `others` are those that stand beside it."""
    beside = tuple(others)
    found = (_fired(workflow, trigger, tag, beside, chain) for trigger in workflow.triggers)
    return tuple(one for one in found if one is not None)


def _fired(workflow: Workflow, trigger: Trigger, tag: str, beside: tuple[Workflow, ...], chain: int) -> Firing | None:
    if trigger.event == "push":
        return _pushed(trigger, tag)
    if trigger.event in _BY_SOMEBODY:
        return Firing(event=trigger.event, sure=Answer.PERHAPS, told=_BY_SOMEBODY[trigger.event])
    if trigger.event == "workflow_call" and not _is_called(workflow, beside):
        return Firing(event="", sure=Answer.PERHAPS, told="when another workflow calls it")
    if trigger.event == "workflow_run" and chain < _MAX_CHAIN:
        return _after_another(workflow, trigger, tag, beside, chain)
    return None


def _is_called(workflow: Workflow, beside: tuple[Workflow, ...]) -> bool:
    """By one that stands beside it: then its jobs are looked at as that one's."""
    return any(job.calls.removeprefix("./") == workflow.path for other in beside for job in other.jobs)


def _pushed(trigger: Trigger, tag: str) -> Firing:
    """Filters of branches alone leave all tags out; filters of paths do not count for tags."""
    sure, told = Answer.YES, "on every push"
    if trigger.tags is not None:
        sure, told = _chosen(selects(trigger.tags, tag)), f"on.push.tags {_listed(trigger.tags)}"
    elif trigger.tags_ignore is not None:
        ignored = ignores(trigger.tags_ignore, tag)
        sure = Answer.PERHAPS if ignored is None else answer(not ignored)
        told = f"on.push.tags-ignore {_listed(trigger.tags_ignore)}"
    elif trigger.branches is not None or trigger.branches_ignore is not None:
        name = "branches" if trigger.branches is not None else "branches-ignore"
        sure, told = Answer.NO, f"on.push has {name} alone, which leaves out every tag"
    return Firing(event="push", sure=sure, told=told)


def _after_another(workflow: Workflow, trigger: Trigger, tag: str, beside: tuple[Workflow, ...], chain: int) -> Firing:
    sources = [other for other in beside if other is not workflow and other.name in trigger.workflows]
    ways = [(worst((one.sure, lets_through(trigger, tag))), other) for other in sources
            for one in firings(other, tag, beside, chain + 1)]  # fmt: skip
    sure, source = max(ways, key=lambda way: way[0], default=(Answer.NO, None))
    if not sources and not all(map(is_plain, trigger.workflows)):
        sure = Answer.PERHAPS
    name = source.name if source is not None else ""
    return Firing(event="workflow_run", sure=sure, told=f"after {_listed(trigger.workflows)}", source=name)


def lets_through(trigger: Trigger, tag: str) -> Answer:
    """Whether the branch filters of `workflow_run` let a run for this tag through: its head branch is the tag."""
    if trigger.branches is not None:
        return _chosen(selects(trigger.branches, tag))
    if trigger.branches_ignore is not None:
        ignored = ignores(trigger.branches_ignore, tag)
        return Answer.PERHAPS if ignored is None else answer(not ignored)
    return Answer.YES


def _chosen(selected: bool | None) -> Answer:
    return Answer.PERHAPS if selected is None else answer(selected)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6])[:200] or "(none)"
