"""Preflight, the host's side: its deploy files against the repository's and against what runs. Nothing is changed.

Only where the target has [deploy], and only what was looked at. What compose or git leave open is advisory.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.delivery_questions import HOST_COMPOSE, HOST_FILES, HOST_STATE
from ghcr_audit.drill.compose import ComposeFile, Volume, compose_file
from ghcr_audit.drill.snapshot import StateFile, service, state_files
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Claim, Observation, Outcome, Weight
from ghcr_audit.images import is_tag, parse_image
from ghcr_audit.links.claim import ClaimMaker, claim_of, shortened
from ghcr_audit.registry.views import published, repository_unknown
from ghcr_audit.tags import name_order
from ghcr_audit.targets.tables import Deploy, DeployMethod
from ghcr_audit.workflows.seen import DEPLOY_FILES, DeployFile, Place, Role, deploy_files, version

_claim: ClaimMaker = claim_of("preflight")
_NOT_SEEN = "not seen"

_INVALID = re.compile(
    r"yaml: |mapping values are not allowed|additional propert|must be a (?:mapping|string|list|boolean|number)"
    r"|refers to undefined|undefined (?:service|network|volume|config|secret)|validating .*: |top-level object"
    r"|empty compose file|no service selected|has neither an image nor a build|invalid compose project|unsupported",
    re.IGNORECASE,
)
"""Words of compose about the file itself. A missing variable or environment file may be the script's to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFile:
    """One deploy file on the host: its SHA-256, or that it is absent or unreadable."""

    state: str
    sha256: str = ""


def claims(audit: Audit) -> tuple[Claim, ...]:
    """What the host's deploy files say; nothing where nobody looked, or the target does not tell how it deploys."""
    if audit.target.deploy is None or not audit.keys(HOST_FILES, HOST_COMPOSE, HOST_STATE):
        return ()
    return tuple(_claims(audit, audit.target.deploy))


def _claims(audit: Audit, deploy: Deploy) -> Iterator[Claim]:
    if deploy.method is DeployMethod.SCRIPT:
        yield from _script_current(audit, deploy)
    yield _compose_valid(audit)
    file = compose_file(audit.newest(HOST_COMPOSE))
    if file is not None:
        yield _compose_image(audit, file)
        yield from _mounts_present(audit, file)
    if deploy.method is DeployMethod.SCRIPT:
        yield from _last_good(audit)


def host_file(audit: Audit, path: str) -> HostFile | None:
    """One of the deploy files as it lies on the host; None when it was not looked for."""
    seen = audit.newest(HOST_FILES)
    for line in seen.stdout.splitlines()[:20] if seen is not None and seen.ok else ():
        state, _, rest = line.partition(" ")
        sha256, _, name = rest.partition(" ")
        if state == "file" and name == path and re.fullmatch(r"[0-9a-f]{64}", sha256):
            return HostFile(state=state, sha256=sha256)
        if state in ("absent", "unreadable") and rest == path:
            return HostFile(state=state)
    return None


def release_with(files: tuple[DeployFile, ...], role: Role, sha256: str) -> str:
    """The newest release that has this version of the file, '' when none has it."""
    names = [one.name for one in files if one.role is role and one.place is Place.RELEASE and one.sha256 == sha256]
    return max(names, key=name_order, default="")


def running_tag(audit: Audit) -> str:
    """The release that the running container was started from by its own word; '' where that is none."""
    container = facts.container(audit.newest("host.container"))
    name, _, tag = container.image_text.rpartition(":") if container is not None else ("", "", "")
    return tag if name == audit.target.image_ref.name and is_tag(tag) else ""


def _script_current(audit: Audit, deploy: Deploy) -> tuple[Claim, ...]:
    """Nothing where there is no repository to compare with, or it does not have the script, or several of its name."""
    files = deploy_files(audit)
    wanted = version(files, Role.SCRIPT, Place.TAG)
    if not audit.target.repository or (files is not None and wanted is None):
        return ()
    found = host_file(audit, deploy.absolute(deploy.script))
    outcome, told, weight = Outcome.UNKNOWN, _NOT_SEEN, Weight.REQUIRED
    if wanted is not None and found is not None:
        outcome, told = _compared(audit.tag, files or (), wanted, found)
        weight = Weight.ADVISORY
    statement = "The deploy script on the host is the repository's"
    evidence = (DEPLOY_FILES, HOST_FILES)
    return (_claim(audit, "script_current", statement, outcome, told, weight=weight, evidence=evidence),)


def _compared(tag: str, files: tuple[DeployFile, ...], wanted: DeployFile, found: HostFile) -> tuple[Outcome, str]:
    default = version(files, Role.SCRIPT, Place.DEFAULT)
    if found.state != "file":
        return Outcome.UNKNOWN, f"the file is {found.state} on the host"
    if found.sha256 == wanted.sha256:
        return Outcome.HOLDS, f"the same as {wanted.path} at {tag}"
    if default is not None and found.sha256 == default.sha256:
        return Outcome.HOLDS, f"the same as {wanted.path} on {default.name}, another version than at {tag}"
    other = release_with(files, Role.SCRIPT, found.sha256)
    return Outcome.BROKEN, f"it is the version of {other}, not of {tag}" if other else (
        f"no release has this version (SHA-256 {found.sha256[:12]}…, at {tag} {wanted.sha256[:12]}…)"
    )


def compose_words(seen: Observation) -> str:
    """What compose said last, in one line."""
    lines = [line.strip() for line in seen.stderr.splitlines() if line.strip()]
    return (lines[-1] if lines else f"exit code {seen.exit_code}")[:300]


def _compose_valid(audit: Audit) -> Claim:
    seen = audit.newest(HOST_COMPOSE)
    outcome, told, weight = Outcome.UNKNOWN, _NOT_SEEN, Weight.REQUIRED
    if compose_file(seen) is not None:
        outcome, told = Outcome.HOLDS, f"valid{_as_in_repository(audit)}"
    elif seen is not None and seen.failure is None and seen.exit_code != 0:
        invalid = _INVALID.search(seen.stderr) is not None
        outcome, told = (Outcome.BROKEN if invalid else Outcome.UNKNOWN), compose_words(seen)
        told += _as_in_repository(audit) if invalid else ""
        weight = Weight.REQUIRED if invalid else Weight.ADVISORY
    statement = "Compose takes the file on the host for the release"
    return _claim(audit, "compose_valid", statement, outcome, told, weight=weight, evidence=(HOST_COMPOSE,))


def _as_in_repository(audit: Audit) -> str:
    """Only told: a compose file may well be the host's own."""
    deploy, files = audit.target.deploy, deploy_files(audit)
    wanted = version(files, Role.COMPOSE, Place.TAG)
    found = host_file(audit, deploy.absolute(deploy.compose_file)) if deploy is not None else None
    if wanted is None or found is None or not found.sha256:
        return ""
    same = found.sha256 == wanted.sha256
    other = release_with(files or (), Role.COMPOSE, found.sha256)
    return (
        f"; the repository's at {audit.tag}"
        if same
        else f"; not the repository's at {audit.tag}" + (f" but that of {other}" if other else "")
    )


def _compose_image(audit: Audit, file: ComposeFile) -> Claim:
    outcome, told = _named(audit, file)
    weight = Weight.REQUIRED if outcome is Outcome.BROKEN else Weight.ADVISORY
    statement = "The compose file on the host names the registry's image at the release's tag"
    return _claim(audit, "compose_image", statement, outcome, told, weight=weight, evidence=(HOST_COMPOSE,))


def _named(audit: Audit, file: ComposeFile) -> tuple[Outcome, str]:
    """A name of one word is one of the host's own; another registry's may be a mirror of this one."""
    if not file.image:
        built = Outcome.BROKEN, "the file names no image and builds one on the host"
        return built if file.hash else (Outcome.UNKNOWN, "the file has no such service")
    try:
        image = parse_image(file.image)
    except ConfigurationError:
        return Outcome.UNKNOWN, f"the file names {file.image[:200]}"
    if image.name == audit.target.image_ref.name:
        if image.tag == audit.tag and image.digest is None:
            return Outcome.HOLDS, file.image
        variable = audit.target.deploy.tag_variable if audit.target.deploy is not None else ""
        return Outcome.UNKNOWN, f"the file names {file.image}: its tag does not come from {variable}"
    return Outcome.UNKNOWN if "/" in file.image else Outcome.BROKEN, f"the file names {file.image}"


def missing_mounts(audit: Audit, file: ComposeFile) -> list[Volume] | None:
    """Declared mounts at whose place the running container has none; None when it was not seen.

    Another source at the same place is no missing mount: a path may lead there through a link.
    """
    seen = service(audit.newest("host.container"), None)
    if seen is None:
        return None
    places = {mount.destination.rstrip("/") for mount in seen.mounts}
    return [one for one in file.volumes if one.kind != "tmpfs" and one.target.rstrip("/") not in places]


def _mounts_present(audit: Audit, file: ComposeFile) -> tuple[Claim, ...]:
    """Nothing where the file declares no mount. Required for the audited release; another one may be older."""
    missing = missing_mounts(audit, file)
    if missing is None or not file.volumes:
        return ()
    outcome = Outcome.BROKEN if missing else Outcome.HOLDS
    told = f"missing: {shortened(map(str, missing))}" if missing else f"{len(file.volumes)} declared, all there"
    weight = Weight.REQUIRED if running_tag(audit) == audit.tag else Weight.ADVISORY
    statement = "The running container has the mounts that the compose file on the host declares"
    evidence = (HOST_COMPOSE, "host.container")
    return (_claim(audit, "mounts_present", statement, outcome, told, weight=weight, evidence=evidence),)


def last_good(audit: Audit) -> StateFile | None:
    """The file in which the script notes the last good release; None when there is none."""
    deploy, files = audit.target.deploy, state_files(audit.newest(HOST_STATE))
    name = deploy.last_good_file.rpartition("/")[2] if deploy is not None else ""
    return next((one for one in files or () if one.name == name), None)


def _last_good(audit: Audit) -> tuple[Claim, ...]:
    """Nothing where the state files were seen and the script keeps no such note."""
    noted, seen = last_good(audit), state_files(audit.newest(HOST_STATE))
    if noted is None and seen is not None:
        return ()
    outcome, told = _noted(audit, noted) if noted is not None else (Outcome.UNKNOWN, _NOT_SEEN)
    statement, evidence = "last_good_tag names a release to which a rollback can go", (HOST_STATE, "host.container")
    return (_claim(audit, "last_good", statement, outcome, told, weight=Weight.ADVISORY, evidence=evidence),)


def _noted(audit: Audit, noted: StateFile) -> tuple[Outcome, str]:
    """What runs sick, or is newer than what runs, was noted before it was known to be healthy (incident 10)."""
    running, tag = running_tag(audit), noted.content
    if not noted.plain or not re.fullmatch(audit.target.tag_pattern, tag):
        return Outcome.UNKNOWN, f"it holds no release's tag ({tag[:60] or 'empty'})"
    if tag == running:
        sick = noted_sick(audit)
        return (Outcome.BROKEN if sick else Outcome.HOLDS), f"it names {tag}, which runs" + (
            " and is not healthy" if sick else ""
        )
    absent = published(audit, tag)[0] is False
    if running and name_order(tag) > name_order(running):
        told = f"it names {tag}, newer than {running}, which runs"
        return Outcome.BROKEN, told + ("; the registry has no image of it" if absent else "")
    if absent and (foreign := _foreign_image(audit)):
        return Outcome.BROKEN, f"it names {tag}, of which the registry has no image, and {foreign} runs"
    if absent:
        return Outcome.UNKNOWN, f"it names {tag}, of which the registry has no image: it must lie on the host"
    return Outcome.HOLDS, f"it names {tag}"


def _foreign_image(audit: Audit) -> str:
    """What the container was started from, where that is no image of the registry's name; else ''."""
    container = facts.container(audit.newest("host.container"))
    name, text = audit.target.image_ref.name, container.image_text if container is not None else ""
    known = text.startswith((f"{name}:", f"{name}@", "sha256:")) or repository_unknown(audit)
    return "" if known else text


def noted_sick(audit: Audit) -> bool:
    """The running container is known not to be healthy."""
    container, http = facts.container(audit.newest("host.container")), facts.http_health(audit.newest("host.health"))
    if container is None:
        return False
    sick = container.status != "running" or container.health == "unhealthy"
    return sick and not (http is not None and http.healthy)
