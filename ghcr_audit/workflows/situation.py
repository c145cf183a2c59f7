"""What GitHub's contexts hold while a workflow runs for one tag. Source: GitHub Docs, "Contexts reference"."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ghcr_audit.workflows.expressions import UNKNOWN, Lookup, Value, interpolated
from ghcr_audit.workflows.model import Job, Settings, Step, Workflow

_MAX_NESTED = 5
_ABSENT = {"inputs", "release", "pull_request", "workflow_run", "issue", "schedule"}
"""Parts of `github.event` that only events of their own have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One run for a tag. `event` is '' when it is not known which one started it."""

    tag: str
    event: str
    repository: str = ""
    """`owner/name` on GitHub, '' when it is not known."""
    branch: str = ""
    """The default branch, '' when it is not known."""
    source: str = ""
    """workflow_run: the name of the workflow that ran before."""
    source_event: str = ""
    """workflow_run: the event that started it, '' when it is not known."""
    inputs: Settings | None = None
    """Of a called workflow, resolved; None where the run has none."""
    env: Settings = ()
    """Resolved: workflow, job and step together, the last of a name counts."""

    def looked_up(self, path: tuple[str, ...]) -> Value:
        """The value at this path of the contexts; UNKNOWN where only a run can tell. Names know no case."""
        root, *rest = (part.lower() for part in path)
        match root, *rest:
            case ["github", *names]:
                return self._github(tuple(names))
            case ["env", _]:
                return _last(self.env, path[1])
            case ["inputs", name]:
                return self._input(name)
            case ["needs", _, "result"] | ["steps", _, "outcome" | "conclusion"]:
                return "success"
        return UNKNOWN

    def resolved(self, text: str) -> str:
        """The text with its `${{ … }}` resolved."""
        return interpolated(text, self.looked_up)

    def inside(self, *settings: Settings) -> "Situation":
        """With these environments on top, each resolved by those before it."""
        here = self
        for env in settings:
            here = replace(here, env=(*here.env, *((name, here.resolved(value)) for name, value in env)))
        return here

    def of_step(self, workflow: Workflow, job: Job, step: Step) -> "Situation":
        """As one step sees it."""
        return self.inside(workflow.env, job.env, step.env)

    @property
    def lookup(self) -> Lookup:
        """For expressions."""
        return self.looked_up

    def _input(self, name: str) -> Value:
        if self.inputs is None:
            return None if self.event in ("push", "release", "workflow_run", "create") else UNKNOWN
        return next((value for key, value in self.inputs if key.lower() == name), UNKNOWN)

    def _github(self, names: tuple[str, ...]) -> Value:
        if names[:1] == ("event",):
            return self._event(names[1:])
        ask = _GITHUB.get(names[0]) if len(names) == 1 else None
        value = ask(self) if ask is not None else ""
        return value or UNKNOWN

    def _event(self, names: tuple[str, ...]) -> Value:
        """Of the event's payload."""
        known: dict[tuple[str, ...], Value] = {
            ("workflow_run", "workflow_run", "head_branch"): self.tag,
            ("workflow_run", "workflow_run", "conclusion"): "success",
            ("workflow_run", "workflow_run", "event"): self.source_event or UNKNOWN,
            ("workflow_run", "workflow_run", "name"): self.source or UNKNOWN,
            ("release", "release", "tag_name"): self.tag,
            ("push", "ref"): f"refs/tags/{self.tag}",
            ("create", "ref"): self.tag,
        }
        absent = self.event == "push" and names[:1] and names[0] in _ABSENT
        return known.get((self.event, *names), None if absent else UNKNOWN)


def _on_tag(situation: Situation) -> bool:
    return situation.event != "workflow_run"


_GITHUB: dict[str, Callable[[Situation], str]] = {
    "event_name": lambda here: here.event,
    "ref": lambda here: f"refs/tags/{here.tag}" if _on_tag(here) else _branch(here, "refs/heads/"),
    "ref_name": lambda here: here.tag if _on_tag(here) else _branch(here, ""),
    "ref_type": lambda here: "tag" if _on_tag(here) else "branch",
    "repository": lambda here: here.repository,
    "repository_owner": lambda here: here.repository.partition("/")[0],
}


def _branch(situation: Situation, prefix: str) -> str:
    return f"{prefix}{situation.branch}" if situation.branch else ""


def _last(settings: Settings, name: str) -> Value:
    """A name that the files do not set may have been set by an earlier step."""
    found = [value for key, value in settings if key == name]
    return found[-1] if found else UNKNOWN
