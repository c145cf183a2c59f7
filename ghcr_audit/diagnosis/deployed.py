"""After the deploy: the command failed, or it printed success and something else runs, or what runs is not well."""

import re
import shlex
from collections.abc import Iterator

from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis.judged import Judged, finding
from ghcr_audit.diagnosis.remedies import new_token
from ghcr_audit.drill.settled import settled
from ghcr_audit.drill.snapshot import Phase, snapshot
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Certainty, Claim, Finding, Remedy
from ghcr_audit.images import parse_image
from ghcr_audit.links.judged import ran, refused_by_registry
from ghcr_audit.registry.views import Access, answered, view

_STALE = re.compile(
    r"image archive|starting the local image|docker load|\.tar(\.gz)?\b.*(not found|no such file)", re.IGNORECASE
)
_WORDS: tuple[tuple[re.Pattern[str], Cause, str], ...] = (
    (
        re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE),
        Cause.DISK_FULL,
        "Make room on the host: docker image prune, docker builder prune.",
    ),
    (
        re.compile(r"port is already allocated|address already in use", re.IGNORECASE),
        Cause.PORT_CONFLICT,
        "End what holds the port, or publish another one in the compose file.",
    ),
    (
        re.compile(r"yaml: |undefined service|invalid compose project|required variable|not allowed in this context"),
        Cause.COMPOSE_FILE_INVALID,
        "Bring the repository's version of the compose file onto the host.",
    ),
)
"""Of a failed command's own words, those that leave no other reading."""


def deployed(judged: Judged) -> Iterator[Finding]:
    """The surest explanations first; a command's failure is one of its own only where nothing else explains it."""
    found = (*_foreign(judged), *_moved(judged), *_mounts(judged), *unhealthy(judged, Phase.DEPLOYED))
    yield from (*found, *command_failed(judged, Phase.DEPLOYED, "deploy", explained=bool(found)))


def _foreign(judged: Judged) -> Iterator[Finding]:
    """False success (incidents 2 and 3): what runs is not the release, whatever the command printed."""
    claim = judged.broken("deploy.running_digest")
    if claim is None or not judged.holds("deploy.succeeded"):
        return
    target = judged.audit.target
    yield finding(
        judged,
        Cause.RUNNING_IMAGE_NOT_RELEASED,
        target.container,
        f"False success: the deploy command ended with exit code 0, and {judged.audit.tag} does not run: {claim.is_}.",
        evidence=("deployed.action", *claim.evidence),
        remedy=Remedy(
            text="Let the deploy command fail where it could not pull or start the release, and compare what runs with "
            "the release's digest afterwards.",
            commands=(judged.docker("inspect", "--format", "{{.Image}} {{.Config.Image}}", target.container),),
        ),
    )
    yield from _stale_script(judged)
    yield from _local_name(judged)


def _stale_script(judged: Judged) -> Iterator[Finding]:
    action, deploy = ran(judged.audit, Phase.DEPLOYED), judged.audit.target.deploy
    lines = f"{action.stdout}\n{action.stderr}".splitlines() if action is not None else []
    words = next((line.strip()[:300] for line in lines if _STALE.search(line)), "")
    if not words or deploy is None:
        return
    script = deploy.absolute(deploy.script)
    yield finding(
        judged,
        Cause.DEPLOY_SCRIPT_STALE,
        script,
        f"{script} takes the tag for the name of an image archive, as a version before the registry did: {words}",
        evidence=("deployed.action",),
        remedy=Remedy(
            text="Bring the repository's version of the script onto the host.",
            commands=(shlex.join(("sha256sum", script)),),
        ),
        certainty=Certainty.LIKELY,
    )


def _local_name(judged: Judged) -> Iterator[Finding]:
    service, target = snapshot(judged.audit, Phase.DEPLOYED).service, judged.audit.target
    if service is None or service.compose is None or _name_of(service.image_text) == target.image_ref.name:
        return
    files = ", ".join(service.compose.config_files)
    yield finding(
        judged,
        Cause.COMPOSE_IMAGE_NOT_REGISTRY,
        target.container,
        f"Compose started {target.container} as {service.image_text}, from {files}.",
        evidence=("deployed.container",),
        remedy=Remedy(
            text=f"Let these files name {target.image_ref.name}, with the release's tag.",
            commands=(judged.compose("config", "--images"),),
        ),
    )


def _name_of(text: str) -> str:
    try:
        return parse_image(text).name
    except ConfigurationError:
        return ""


def command_failed(judged: Judged, phase: Phase, verb: str, *, explained: bool) -> Iterator[Finding]:
    """The command's own words, and the cause where they name one; `explained`: then alone it is told."""
    claim, action = judged.broken(f"{phase.link.value}.succeeded"), ran(judged.audit, phase)
    if claim is None or action is None:
        return
    output = f"{action.stdout}\n{action.stderr}"
    known = next(((cause, text) for pattern, cause, text in _WORDS if pattern.search(output)), None)
    if known is None and refused_by_registry(action) and _refused_meanwhile(judged):
        yield _credential_ended(judged, claim, refused_by_registry(action))
        return
    if known is None and explained:
        return
    cause, text = known or (Cause.OTHER, f"Read all that the {verb} command printed, and the container's log.")
    yield finding(
        judged,
        cause,
        f"{verb} command of {judged.audit.target.name}",
        f"The target's own {verb} command failed: {claim.is_}.",
        evidence=claim.evidence,
        remedy=Remedy(text=text, commands=(judged.docker("logs", "--tail", "50", judged.audit.target.container),)),
    )


def _refused_meanwhile(judged: Judged) -> bool:
    """The host's credential is refused now; before the drill it was not, or there would have been none."""
    found = answered(view(judged.audit, "deployed.registry"), judged.audit.tag)
    return found.access is Access.REFUSED and found.stage == "token"


def _credential_ended(judged: Judged, claim: Claim, words: str) -> Finding:
    return finding(
        judged,
        Cause.CREDENTIAL_INVALID_OR_EXPIRED,
        f"credential of {judged.audit.target.where} for {judged.audit.target.image_ref.registry}",
        f"The registry refuses the host's credential since the drill began: {words}",
        evidence=(*claim.evidence, "deployed.registry"),
        remedy=new_token(judged.audit.target),
    )


def _moved(judged: Judged) -> Iterator[Finding]:
    steady, host = judged.broken("deploy.registry_steady"), judged.broken("deploy.host_has_digest")
    claim = steady or host
    if claim is None:
        return
    why = "The tag was pushed again during the drill. " if steady else ""
    yield finding(
        judged,
        Cause.IMAGE_DIGEST_MISMATCH,
        judged.audit.tag,
        f"{claim.statement}: no - {claim.is_}.",
        evidence=claim.evidence,
        remedy=Remedy(
            text=f"{why}Audit the release anew, and never move a release tag.",
            commands=(judged.docker("pull", judged.audit.image),),
        ),
    )


def _mounts(judged: Judged) -> Iterator[Finding]:
    claim = judged.broken("deploy.mounts")
    if claim is None:
        return
    container = judged.audit.target.container
    yield finding(
        judged,
        Cause.MOUNTS_MISSING,
        container,
        f"{container} runs without mounts that the compose file declares; {claim.is_}.",
        evidence=claim.evidence,
        remedy=Remedy(
            text="Start the container from this compose file alone; what it wrote meanwhile is in no mount.",
            commands=(judged.docker("inspect", "--format", "{{json .Mounts}}", container), judged.compose("config")),
        ),
    )


def unhealthy(judged: Judged, phase: Phase) -> Iterator[Finding]:
    """Docker's word and the URL's are two: where they disagree, neither alone is the truth (incident 4)."""
    link = phase.link.value
    docker, http = judged.broken(f"{link}.docker_healthy"), judged.broken(f"{link}.http_healthy")
    broken = docker or http
    if broken is None:
        return
    runs = (
        found := settled(judged.audit.newest(f"{phase.value}.settled"))
    ) is not None and found.last.status == "running"
    other = judged.holds(f"{link}.http_healthy") if docker else judged.holds(f"{link}.docker_healthy")
    disagree = runs and other and not _no_check(judged, link)
    container = judged.audit.target.container
    told = "; ".join(one.is_ for key in ("docker_healthy", "http_healthy") if (one := judged.claim(f"{link}.{key}")))
    yield finding(
        judged,
        Cause.HEALTH_DISAGREEMENT if disagree else Cause.CONTAINER_UNHEALTHY,
        f"{container} after the {link}",
        f"{container} after the {link}: {told}.",
        evidence=broken.evidence,
        remedy=Remedy(
            text="Compare the health check inside the container with the URL: port, path, what they really test."
            if disagree
            else "Read the log that was saved on the host, and the release's own start.",
            commands=_looks(judged, phase, container),
        ),
    )


def _no_check(judged: Judged, link: str) -> bool:
    docker = judged.claim(f"{link}.docker_healthy")
    return docker is not None and "no Docker health check" in docker.is_


def _looks(judged: Judged, phase: Phase, container: str) -> tuple[str, ...]:
    """The log of that container is on the host; the container itself is gone since the restore."""
    saved = judged.audit.newest(f"{phase.value}.log")
    lines = saved.stdout.splitlines() if saved is not None else []
    paths = [line.removeprefix("log saved: ") for line in lines if line.startswith("log saved: /")]
    reads = tuple(f"tail -n 50 {shlex.quote(path[:500])}" for path in paths[:1])
    return (*reads, judged.docker("inspect", "--format", "{{json .Config.Healthcheck}}", container))
