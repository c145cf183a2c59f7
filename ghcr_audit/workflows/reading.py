"""From YAML to a workflow. None where the file cannot be read as one: then nothing is said about it."""

from ghcr_audit.workflows.document import Node, at, parsed, text_at, texts
from ghcr_audit.workflows.model import Access, Job, Settings, Step, Trigger, Workflow

_MAX_JOBS = 100
_MAX_STEPS = 200


def workflow(path: str, text: str) -> Workflow | None:
    """The workflow in one file; None when it is no YAML, or neither starts on anything nor does anything."""
    root = parsed(text)
    jobs, on = at(root, "jobs"), at(root, "on")
    if not isinstance(jobs, dict) or on is None:
        return None
    return Workflow(
        path=path,
        name=text_at(root, "name") or path,
        triggers=_triggers(on),
        env=_settings(at(root, "env")),
        access=_access(at(root, "permissions")),
        jobs=tuple(_job(name, node) for name, node in list(jobs.items())[:_MAX_JOBS]),
    )


def _triggers(on: Node) -> tuple[Trigger, ...]:
    if isinstance(on, dict):
        return tuple(_trigger(event, node) for event, node in on.items())
    return tuple(Trigger(event=event) for event in texts(on))


def _trigger(event: str, node: Node) -> Trigger:
    return Trigger(
        event=event,
        tags=_filter(node, "tags"),
        tags_ignore=_filter(node, "tags-ignore"),
        branches=_filter(node, "branches"),
        branches_ignore=_filter(node, "branches-ignore"),
        types=_filter(node, "types"),
        workflows=texts(at(node, "workflows")),
    )


def _filter(node: Node, name: str) -> tuple[str, ...] | None:
    found = at(node, name)
    return None if found is None else texts(found)


def _access(node: Node | None) -> Access:
    if node is None:
        return Access.UNSET
    if isinstance(node, dict):
        return Access.WRITE if text_at(node, "packages") == "write" else Access.LESS
    return {"write-all": Access.WRITE, "read-all": Access.LESS}.get(str(node), Access.UNREAD)


def _job(name: str, node: Node) -> Job:
    steps = at(node, "steps")
    return Job(
        id=name,
        calls=text_at(node, "uses"),
        condition=text_at(node, "if"),
        env=_settings(at(node, "env")),
        arguments=_settings(at(node, "with")),
        access=_access(at(node, "permissions")),
        steps=tuple(map(_step, steps[:_MAX_STEPS])) if isinstance(steps, list) else (),
    )


def _step(node: Node) -> Step:
    return Step(
        id=text_at(node, "id"),
        uses=text_at(node, "uses"),
        run=text_at(node, "run"),
        condition=text_at(node, "if"),
        env=_settings(at(node, "env")),
        arguments=_settings(at(node, "with")),
    )


def _settings(node: Node | None) -> Settings:
    pairs = node.items() if isinstance(node, dict) else ()
    return tuple((name, value) for name, value in pairs if isinstance(value, str))
