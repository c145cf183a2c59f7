"""Whether the workflow that deploys starts for a release (incident 8), and how it calls the script (incident 1)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ghcr_audit.workflows.answers import Answer, best
from ghcr_audit.workflows.building import Judged
from ghcr_audit.workflows.contract import Conflict, Contract, conflicts
from ghcr_audit.workflows.expressions import holds
from ghcr_audit.workflows.filters import is_plain
from ghcr_audit.workflows.firing import Firing, firings, lets_through
from ghcr_audit.workflows.model import Job, Step, Trigger, Workflow
from ghcr_audit.workflows.runs import Release
from ghcr_audit.workflows.seen import Flows, Place
from ghcr_audit.workflows.shell import Call, calls_of, commands
from ghcr_audit.workflows.situation import Situation
from ghcr_audit.workflows.variables import expanded, with_assignments

_SCRIPTED = ("script", "run", "command", "commands", "cmd", "args")
"""Inputs in which actions take what is run on another machine (appleboy/ssh-action: `script`)."""
_AFTERWARDS = "workflow_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployCall:
    """One call of the deploy script in a workflow."""

    workflow: Workflow
    job: Job
    step: Step
    text: str
    call: Call


def deploy_calls(flows: Flows, script: str) -> tuple[DeployCall, ...]:
    """Every call of the script with this file name in the workflows of one place."""
    return tuple(
        DeployCall(workflow=workflow, job=job, step=step, text=text, call=call)
        for workflow in flows.workflows
        for job in workflow.jobs
        for step in job.steps
        for text in _scripts(step)
        for call in calls_of(script, text)
    )


def _scripts(step: Step) -> Iterator[str]:
    if step.run:
        yield step.run
    yield from (value for name, value in step.arguments if name.lower() in _SCRIPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggering:
    """Where the deploy workflows of a repository stand, to judge whether one of them takes effect."""

    places: tuple[Flows, ...]
    release: Release
    script: str

    def judged(self) -> Judged | None:
        """None when no workflow deploys after another one; NO only where the files leave no other reading."""
        default = self._place(Place.DEFAULT)
        if default is None:
            return None
        calls = deploy_calls(default, self.script)
        if not calls:
            return self._elsewhere(default)
        found = [self._call(default, call) for call in calls]
        if not any(call.workflow.trigger(_AFTERWARDS) for call in calls):
            return None
        return max(found, key=lambda one: one.answer)

    def _place(self, place: Place) -> Flows | None:
        return next((one for one in self.places if one.place is place), None)

    def _elsewhere(self, default: Flows) -> Judged | None:
        """A workflow that waits for another one and stands anywhere but on the default branch is never started."""
        if not default.whole or any(map(_deploys, default.workflows)):
            return None
        for flows in self.places:
            for call in deploy_calls(flows, self.script):
                if [one.event for one in call.workflow.triggers] == [_AFTERWARDS]:
                    told = f"{call.workflow.file} stands {flows.told}, not on the default branch {default.name}"
                    return Judged(answer=Answer.NO, told=told, workflow=call.workflow, certain=False)
        return None

    def _call(self, default: Flows, call: DeployCall) -> Judged:
        trigger = call.workflow.trigger(_AFTERWARDS)
        others = [
            one.sure for one in firings(call.workflow, self.release.tag, default.workflows) if one.event != _AFTERWARDS
        ]
        if trigger is None or best(others) is Answer.YES:
            events = ", ".join(one.event for one in call.workflow.triggers)
            return Judged(answer=best(others), told=f"{call.workflow.file} starts on {events}", workflow=call.workflow)
        answer, told = self._afterwards(call, trigger)
        certain = self._for_tags_alone(self._sources(trigger)) or not self._sources(trigger)
        return Judged(answer=answer, told=f"{call.workflow.file} {told}", workflow=call.workflow, certain=certain)

    def _afterwards(self, call: DeployCall, trigger: Trigger) -> tuple[Answer, str]:
        names = ", ".join(trigger.workflows)[:200] or "nothing"
        sources, let = self._sources(trigger), lets_through(trigger, self.release.tag)
        if not sources:
            known = all(map(is_plain, trigger.workflows)) and all(one.whole for one in self.places)
            return Answer.NO if known else Answer.PERHAPS, f"waits for {names}, and no workflow has this name"
        if let is Answer.NO:
            meant = self._for_tags_alone(sources) or "head_branch" in _all_of(call)
            told = "keeps runs for tags out by its filter of branches: the head branch of such a run is the tag"
            return Answer.NO if meant else Answer.PERHAPS, told
        if self._starts(call, sources) is Answer.NO:
            return Answer.NO, f"has a condition that no run for a tag meets: {call.job.condition.strip()[:200]}"
        if trigger.types is not None and "completed" not in trigger.types:
            waits = "conclusion" in call.job.condition
            told = f"starts before {names} has ended (types lacks completed)"
            return Answer.NO if waits else Answer.PERHAPS, told
        if best(one.sure for one in self._fired(sources)) is Answer.NO:
            return Answer.PERHAPS, f"waits for {names}, which does not run for this tag"
        return min(self._starts(call, sources), let), f"starts after {names}"

    def _fired(self, sources: list[tuple[Workflow, Flows]]) -> list[Firing]:
        return [one for source, flows in sources for one in firings(source, self.release.tag, flows.workflows)]

    def _sources(self, trigger: Trigger) -> list[tuple[Workflow, Flows]]:
        return [(one, flows) for flows in self.places for one in flows.workflows if one.name in trigger.workflows]

    def _for_tags_alone(self, sources: list[tuple[Workflow, Flows]]) -> bool:
        """No push of a branch starts any of them."""
        pushes = [one.trigger("push") for one, _ in sources]
        return bool(pushes) and all(
            push is not None and push.tags is not None and push.branches is None and push.branches_ignore is None
            for push in pushes
        )

    def _starts(self, call: DeployCall, sources: list[tuple[Workflow, Flows]]) -> Answer:
        pushed = any(one.event == "push" and one.sure is Answer.YES for one in self._fired(sources))
        situation = replace(situation_of(call, self.release, _AFTERWARDS), source_event="push" if pushed else "")
        return min(holds(call.job.condition, situation.lookup), holds(call.step.condition, situation.lookup))


def situation_of(call: DeployCall, release: Release, event: str) -> Situation:
    """As the step of this call sees it when this event starts its workflow."""
    here = Situation(tag=release.tag, event=event, repository=release.repository, branch=release.branch)
    return here.of_step(call.workflow, call.job, call.step)


def _all_of(call: DeployCall) -> str:
    settings = (*call.workflow.env, *call.job.env, *call.step.env)
    return " ".join((call.text, *(value for _, value in settings)))


def _deploys(workflow: Workflow) -> bool:
    """It speaks of deploying in any way: then it may do so in one that is not read here."""
    texts = [text for job in workflow.jobs for step in job.steps for text in (step.run, step.uses, *_scripts(step))]
    names = (workflow.name, workflow.file, *(job.id for job in workflow.jobs), *(job.calls for job in workflow.jobs))
    return any(re.search(r"deploy|\bssh\b|rollout", text, re.IGNORECASE) for text in (*names, *texts))


def call_conflicts(
    call: DeployCall, known: Contract, release: Release, is_tag: Callable[[str], bool]
) -> tuple[Conflict, ...]:
    """Where one call contradicts the order in which the script reads its arguments."""
    event = _AFTERWARDS if call.workflow.trigger(_AFTERWARDS) else "push" if call.workflow.trigger("push") else ""
    here = with_assignments(situation_of(call, release, event), commands(call.text))
    return conflicts(known, call.call.words, lambda text: expanded(text, here), is_tag)
