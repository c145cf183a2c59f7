"""Whether the deployed container is set up as the compose file on the host says (incident 12: mounts were missing)."""

from ghcr_audit.audit import Audit
from ghcr_audit.drill.compose import ComposeFile, Volume, compose_file
from ghcr_audit.drill.snapshot import Mount, Phase, Service, snapshot
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.links.claim import claim_of, shortened
from ghcr_audit.links.judged import why_not_seen

_claim = claim_of("deploy")
_EVIDENCE = ("deployed.compose", "deployed.container")


def as_composed(audit: Audit) -> tuple[Claim, ...]:
    """Mounts, networks, the names of the environment, and by compose's own hash everything else."""
    file = compose_file(audit.newest("deployed.compose"))
    service = snapshot(audit, Phase.DEPLOYED).service
    if file is None or service is None:
        return _unseen(audit)
    return (
        _judged(audit, "mounts", _missing_mounts(file, service), f"{len(file.volumes)} as the file says"),
        _networks(audit, file, service),
        _environment(audit, file, service),
        _configured(audit, file, service),
    )


_STATEMENTS = {
    "mounts": "The container has the mounts that the compose file declares",
    "networks": "The container is on the networks that the compose file declares",
    "environment": "The container has the environment variables that the compose file names",
    "configured": "The container is set up as the compose file says, in everything that compose compares",
}


def _unseen(audit: Audit) -> tuple[Claim, ...]:
    asked = audit.newest("deployed.compose")
    told = why_not_seen(audit, "deployed.compose", "deployed.journal")
    if asked is not None and asked.ok:
        told = "the container was not seen"
    return tuple(
        _claim(audit, name, statement, Outcome.UNKNOWN, told, evidence=_EVIDENCE)
        for name, statement in _STATEMENTS.items()
    )


def _judged(audit: Audit, name: str, missing: list[str], fine: str) -> Claim:
    outcome = Outcome.BROKEN if missing else Outcome.HOLDS
    told = f"missing: {shortened(missing)}" if missing else fine
    return _claim(audit, name, _STATEMENTS[name], outcome, told, evidence=_EVIDENCE)


def _missing_mounts(file: ComposeFile, service: Service) -> list[str]:
    return [str(volume) for volume in file.volumes if not any(_is(mount, volume) for mount in service.mounts)]


def _is(mount: Mount, volume: Volume) -> bool:
    """A named volume is known inside the file by another name than to the engine: its place and kind tell."""
    here = mount.destination.rstrip("/") == volume.target.rstrip("/")
    alike = mount.kind == volume.kind and mount.writable == volume.writable
    return here and alike and (volume.kind != "bind" or mount.source.rstrip("/") == volume.source.rstrip("/"))


def _networks(audit: Audit, file: ComposeFile, service: Service) -> Claim:
    """A network known to the engine by a name of its own counts, where compose's hash says that it is the file's."""
    if file.network_mode:
        there, wanted = service.network_mode, file.network_mode
        same = there == wanted or (there.startswith("container:") and wanted.startswith(("container:", "service:")))
        return _judged(audit, "networks", [] if same else [f"{wanted} (it is {there or 'none'})"], f"mode {there}")
    project = service.compose.project if service.compose is not None else ""
    unnamed = [name for name in file.networks if not {name, f"{project}_{name}"} & set(service.networks)]
    if unnamed and len(service.networks) >= len(file.networks) and _hash_agrees(file, service):
        unnamed = []
    return _judged(audit, "networks", unnamed, shortened(service.networks) or "none")


def _environment(audit: Audit, file: ComposeFile, service: Service) -> Claim:
    """A name without a value on the host is none in the container: compose's hash tells it from one that was lost."""
    missing = [name for name in file.environment if name not in service.environment]
    fine = shortened(file.environment) or "it names none"
    if missing and _hash_agrees(file, service):
        missing, fine = [], f"{fine}; without a value: {shortened(missing)}"
    return _judged(audit, "environment", missing, fine)


def _hash_agrees(file: ComposeFile, service: Service) -> bool:
    return service.compose is not None and bool(file.hash) and service.compose.config_hash == file.hash


def _configured(audit: Audit, file: ComposeFile, service: Service) -> Claim:
    """Advisory where the container is rightly made from more files than the target names, as it was before."""
    made, before = service.compose, snapshot(audit, Phase.BEFORE).service
    outcome, weight = Outcome.UNKNOWN, Weight.REQUIRED
    if made is None:
        outcome, told = Outcome.BROKEN, "the container was not made by compose"
    elif not file.hash:
        told = "compose told no hash"
    else:
        outcome = Outcome.HOLDS if made.config_hash == file.hash else Outcome.BROKEN
        several = len(made.config_files) > 1
        files = f", it was made from {shortened(made.config_files)}" if several else ""
        told = f"compose's hash {file.hash}" + (
            "" if outcome is Outcome.HOLDS else f", the container's {made.config_hash}"
        )
        told += "" if outcome is Outcome.HOLDS else files
        if several and before is not None and before.compose and before.compose.config_files == made.config_files:
            weight = Weight.ADVISORY
    return _claim(audit, "configured", _STATEMENTS["configured"], outcome, told, weight=weight, evidence=_EVIDENCE)
