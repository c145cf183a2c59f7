"""Which images a job pushes, and with whose credential: read from its steps, resolved as far as the files tell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ghcr_audit.workflows.answers import ANY, Answer, answer
from ghcr_audit.workflows.expressions import holds, truth
from ghcr_audit.workflows.metadata import METADATA, Reference, metadata_references
from ghcr_audit.workflows.model import Job, Step, Workflow
from ghcr_audit.workflows.shell import commands
from ghcr_audit.workflows.situation import Situation
from ghcr_audit.workflows.variables import expanded, with_assignments

_OPAQUE = re.compile(
    r"docker|podman|buildah|kaniko|ghcr|container|image|skopeo|crane|goreleaser|earthly|publish|release|push|upload"
    r"|\bmake\b|\bjust\b|\btask\b|\bnix\b|bazel|gradle|mvn|\bko\b|\.sh\b|\.py\b|\bnpm run\b"
)
"""Words of steps that may well push an image in a way that is not read here."""
_HARMLESS = re.compile(
    r"actions/(checkout|setup-[a-z]+|cache|upload-artifact|download-artifact)|docker/(login|setup-[a-z]+|metadata)-action"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One image that a job pushes; `sure` when its conditions hold."""

    reference: Reference
    sure: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushing:
    """What a job pushes. `opaque`: it does something that may push more than these."""

    pushes: tuple[Push, ...]
    opaque: bool


def pushing(workflow: Workflow, job: Job, situation: Situation) -> Pushing:
    """What the job pushes in this situation."""
    known: list[Push] = []
    opaque = bool(job.calls)
    for step in job.steps:
        here = situation.of_step(workflow, job, step)
        found = list(_of_step(job, step, here))
        runs = min(holds(step.condition, here.lookup), holds(job.condition, here.lookup))
        known += (replace(push, sure=min(push.sure, runs)) for push in found)
        opaque = opaque or (not found and runs is not Answer.NO and _is_opaque(step))
    return Pushing(pushes=tuple(known), opaque=opaque)


def _is_opaque(step: Step) -> bool:
    if step.run:
        return _OPAQUE.search(step.run.lower()) is not None
    return _HARMLESS.fullmatch(step.action) is None and _OPAQUE.search(step.action) is not None


def _of_step(job: Job, step: Step, here: Situation) -> Iterator[Push]:
    if step.action.endswith("/build-push-action"):
        yield from _built(job, step, here)
    elif step.run:
        yield from _run(job, step, here)


def _built(job: Job, step: Step, here: Situation) -> Iterator[Push]:
    """docker/build-push-action: `push`, or an output of type registry or with push=true."""
    outputs = here.resolved(step.argument("outputs"))
    asked = here.resolved(step.argument("push")).strip()
    sure = answer(asked == "true") if ANY not in asked else truth(asked)
    if "type=registry" in outputs or "push=true" in outputs:
        sure = Answer.YES
    named = re.findall(r"name=([^,\s\"]+)", outputs)
    references = list(_references(job, step.argument("tags"), here))
    references += [Reference(name=name, tag=ANY) for name in named]
    for reference in references:
        yield Push(reference=reference, sure=sure)


def _references(job: Job, text: str, here: Situation) -> Iterator[Reference]:
    """Lines or a comma-separated list of references; the outputs of metadata-action stand for what it makes."""
    for line in re.split(r"[\n,]", text):
        step = _metadata_step(job, line)
        if step is not None:
            yield from metadata_references(step, here)
        elif line.strip():
            yield Reference.of(here.resolved(line.strip()))


def _metadata_step(job: Job, text: str) -> Step | None:
    named = re.search(r"steps\.([\w-]+)\.outputs\.(?:tags|json)|(DOCKER_METADATA_OUTPUT_\w+)", text)
    if named is None:
        return None
    steps = [step for step in job.steps if step.action.endswith(METADATA)]
    return next((step for step in steps if named[2] or step.id == named[1]), None)


_PUSHING = re.compile(r"(?:docker|podman|nerdctl|buildah|sudo)\b")


def _run(job: Job, step: Step, here: Situation) -> Iterator[Push]:
    """`docker push`, `docker buildx build --push --tag`, `docker buildx imagetools create --tag`."""
    called = commands(step.run)
    scope = with_assignments(here, called)
    for command in called:
        words = [word.text for word in command.words]
        if _PUSHING.match(words[0].rpartition("/")[2]) is None:
            continue
        for text in _pushed(words):
            for found in _named(job, step, text, scope):
                yield Push(reference=found, sure=Answer.YES)


def _named(job: Job, step: Step, text: str, scope: Situation) -> Iterator[Reference]:
    if (made := _metadata_step(job, text)) is not None:
        yield from metadata_references(made, scope)
    elif (loop := _looped(job, step, text)) is not None:
        yield from metadata_references(loop, scope)
    else:
        yield Reference.of(expanded(text, scope))


def _looped(job: Job, step: Step, text: str) -> Step | None:
    """`$(jq …)` over the output of metadata-action, or a loop over it: the tags are those that it makes."""
    lists = "$(" in text or re.fullmatch(r"\$\{?\w+\}?", text) is not None
    settings = " ".join(value for _, value in step.env)
    return _metadata_step(job, f"{step.run} {settings}") if lists else None


def _pushed(words: list[str]) -> Iterator[str]:
    """The references, as written, that one docker command pushes."""
    if "push" in words and "--push" not in words and "compose" not in words:
        yield from [word for word in words[words.index("push") + 1 :] if not word.startswith("-")][:1]
    elif "--push" in words or "imagetools" in words or any("push=true" in word for word in words):
        yield from _tagged(words)


def _tagged(words: list[str]) -> Iterator[str]:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in ("-t", "--tag"):
            yield following
        elif word.startswith("--tag="):
            yield word.removeprefix("--tag=")
        elif word.startswith("$("):
            yield word
