"""What a person types where a drill could not put a host back: exact commands, with this target's own values.

The first one does all the others do, from the drill's journal. The rest is for the host itself, as the user who
deploys, in this order. Words from the host are quoted for its shell; they never become commands.
"""

import shlex
from collections.abc import Iterator

from ghcr_audit.drill.snapshot import Service, Snapshot, StateFile, is_set_aside
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import Deploy

_MAX_COMMANDS = 40


def commands(target: Target, before: Snapshot, after: Snapshot | None = None) -> tuple[str, ...]:
    """From `recover` to the last trace of the drill; with `after`, what is as before is left out.

    `before` holds those local tags only that the drill may have moved (`journal.watched`).
    """
    now = after if after is not None else Snapshot()
    on_host = [
        *_files(target, before, now),
        *_images(target, before, now),
        *_tags(target, before, now),
        *_container(target, before),
        *_state(target, before, now),
        *_sidecars(target, before, now),
    ][:_MAX_COMMANDS]
    return (recover(target), *on_host, *_traces(target))


def recover(target: Target) -> str:
    """The command that restores from the journal, here and not on the host."""
    return shlex.join(("ghcr-audit", "recover", target.name))


def _docker(target: Target, *words: str) -> str:
    return shlex.join((*target.host.docker_command, *words))


def _files(target: Target, before: Snapshot, now: Snapshot) -> Iterator[str]:
    """What the deployment reads: from the copies that the drill kept, by their number in its journal."""
    there = {file.path: file.sha256 for file in now.files or ()}
    for number, file in enumerate(before.files or (), start=1):
        if there and there.get(file.path) != file.sha256:
            kept = f'"$HOME"/.local/state/ghcr-audit/{shlex.quote(target.container)}/kept/{number}'
            yield f"cp {kept} {shlex.quote(file.path)}"
    yield from (shlex.join(("rm", path)) for path in before.absent_files if path in there)


def _images(target: Target, before: Snapshot, now: Snapshot) -> Iterator[str]:
    """An image that is gone is pulled again by its digest; only where the host's images were seen.

    So is that of the service where it is there and has lost its digest.
    """
    name, lies = target.image_ref.name, {tag.image_id for tag in now.tags or ()}
    service = before.service
    known = [(service.image_id, digest) for digest in service.digests_of(name)[:1]] if service else []
    known += [(one.image_id, one.digest) for one in before.tags or () if one.reference.startswith(f"{name}:")]
    gone = [digest for image_id, digest in known if lies and digest and image_id not in lies]
    if service is not None and now.service is not None and not now.service.digests_of(name):
        gone += service.digests_of(name)[:1]
    yield from (_docker(target, "pull", f"{name}@{digest}") for digest in dict.fromkeys(gone))


def _tags(target: Target, before: Snapshot, now: Snapshot) -> Iterator[str]:
    for tag in before.tags or ():
        if now.image_of(tag.reference) != tag.image_id:
            yield _docker(target, "tag", tag.image_id, tag.reference)
    known = {tag.reference for tag in before.tags or ()}
    images = {tag.image_id for tag in before.tags or ()} | ({before.service.image_id} if before.service else set())
    for tag in now.tags or ():
        new = tag.reference not in known and not tag.reference.startswith("ghcr-audit/pin:")
        if new and tag.image_id in images:
            yield _docker(target, "image", "rm", "--no-prune", tag.reference)


def _container(target: Target, before: Snapshot) -> Iterator[str]:
    service = before.service
    if service is None or service.compose is None or target.deploy is None:
        return
    yield f"cd {shlex.quote(service.compose.working_directory)}"
    yield _compose_up(target, target.deploy, service)
    if service.status in ("exited", "created"):
        yield _docker(target, "stop", target.container)


def _compose_up(target: Target, deploy: Deploy, service: Service) -> str:
    made = service.compose
    if made is None:
        raise ValueError("a container that compose did not make")
    named = service.image_text.rpartition("/")[2].partition("@")[0].partition(":")[2] or "latest"
    files = [word for path in made.config_files for word in ("--file", path)]
    project = ("--project-name", made.project, "--project-directory", made.working_directory)
    up = ("up", "--detach", "--no-deps", "--no-build", "--pull", "never", made.service)
    words = ("env", f"{deploy.tag_variable}={named}", *target.host.docker_command, "compose", *project, *files, *up)
    return shlex.join(words)


def _state(target: Target, before: Snapshot, now: Snapshot) -> Iterator[str]:
    if target.deploy is None:
        return
    folder, there = target.deploy.state_directory, {file.name: file for file in now.state_files or ()}
    for file in before.state_files or ():
        if file.plain and there.get(file.name) != file:
            yield f"{_printed(file)} > {shlex.quote(f'{folder}/{file.name}')}"
    known = {file.name for file in before.state_files or ()}
    yield from (f"rm {shlex.quote(f'{folder}/{name}')}" for name in sorted(there.keys() - known))


def _printed(file: StateFile) -> str:
    return shlex.join(("echo", file.content)) if file.newline else shlex.join(("printf", "%s", file.content))


def _sidecars(target: Target, before: Snapshot, now: Snapshot) -> Iterator[str]:
    """Those that ran and are known to be stopped; one that was replaced stays replaced. And what compose left."""
    stopped = {one.id for one in now.sidecars or () if one.status != "running"}
    for one in before.sidecars or ():
        if one.status == "running" and one.id in stopped:
            yield _docker(target, "start", one.name)
    known = {one.name for one in before.sidecars or ()}
    for one in now.sidecars or ():
        if is_set_aside(one.name) and one.name not in known:
            yield _docker(target, "rm", one.name)


def _traces(target: Target) -> Iterator[str]:
    """Pins, journal and lease: only once all else is as before, since they are what a restore works with."""
    pins = _docker(target, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "ghcr-audit/pin")
    mine = shlex.join(("grep", "-F", f":drill-{target.container[:60]}-"))
    yield f"{pins} | {mine} | xargs -r {_docker(target, 'image', 'rm', '--no-prune')}"
    yield f'rm -r "$HOME"/.local/state/ghcr-audit/{shlex.quote(target.container)}'
