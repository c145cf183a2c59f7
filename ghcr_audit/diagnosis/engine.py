"""Docker's engine and the container on the host: silent, forbidden, absent, unhealthy, short of room."""

import re
import shlex
from collections.abc import Iterator

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Claim, Finding, Outcome, Remedy
from ghcr_audit.links import preflight

_SILENCE: tuple[tuple[str, Cause, str, str], ...] = (
    (
        r"permission denied.*(docker|sock)|dial unix .*permission denied",
        Cause.DOCKER_SOCKET_PERMISSION,
        "The deploying user may not open the engine's socket.",
        'Add the user to the group that owns the socket, or set docker_command = ["sudo", "-n", "docker"].',
    ),
    (
        r"cannot connect to the docker daemon|is the docker daemon running|connection refused",
        Cause.DOCKER_DAEMON_DOWN,
        "The engine does not run, or its socket is not there.",
        "Start it on the host: systemctl start docker.",
    ),
    (
        r"api version|client version .* is too (new|old)",
        Cause.ENGINE_API_VERSION_MISMATCH,
        "Docker's client and engine speak no common API version.",
        "Bring client and engine to releases that overlap.",
    ),
    (
        r"docker: not found|command not found|no such file or directory.*docker|failed to run command .*docker",
        Cause.OTHER,
        "Docker is not installed on the host, or not on the deploying user's PATH.",
        "Install Docker there, or name the program in docker_command of the target file.",
    ),
    (
        r"sudo: (a password is required|.*not allowed)",
        Cause.DOCKER_SOCKET_PERMISSION,
        "sudo asks for a password, so docker cannot be run without a person.",
        "Allow docker for this user without a password in sudoers.",
    ),
)


def silent(audit: Audit) -> Iterator[Finding]:
    """Why the engine does not answer."""
    asked = audit.newest("host.docker_version")
    known = facts.engine(asked)
    if asked is None or (known is not None and known.server):
        return
    said = f"{asked.stderr}\n{asked.stdout}".lower()
    for pattern, cause, summary, remedy in _SILENCE:
        if re.search(pattern, said):
            yield Finding(
                cause=cause,
                certainty=Certainty.PROVEN,
                subject=f"docker on {audit.target.where}",
                summary=summary,
                evidence_for=("host.docker_version",),
                remedy=Remedy(text=remedy),
            )
            return


def container(audit: Audit) -> Iterator[Finding]:
    """The container: absent, not running, or not healthy."""
    broken = _broken(audit)
    found = facts.container(audit.newest("host.container"))
    runs, healthy = broken.get("preflight.container_runs"), broken.get("preflight.healthy")
    if found is None and runs is not None:
        yield _absent(audit, runs)
    elif found is not None and (claim := runs or healthy) is not None:
        yield _unhealthy(audit, claim, found)


def _absent(audit: Audit, claim: Claim) -> Finding:
    return Finding(
        cause=Cause.OTHER,
        certainty=Certainty.PROVEN,
        subject=audit.target.container,
        summary=f"The host has no container {audit.target.container}.",
        evidence_for=claim.evidence,
        remedy=Remedy(
            text="Deploy a release, or name the right container in the target file.",
            commands=(_docker(audit, "ps", "--all"),),
        ),
    )


def _unhealthy(audit: Audit, claim: Claim, found: facts.Container) -> Finding:
    """A container that does not run has no health to disagree about."""
    http = facts.http_health(audit.newest("host.health"))
    disagree = (
        http is not None
        and found.status == "running"
        and found.health is not None
        and http.healthy != (found.health == "healthy")
    )
    return Finding(
        cause=Cause.HEALTH_DISAGREEMENT if disagree else Cause.CONTAINER_UNHEALTHY,
        certainty=Certainty.PROVEN,
        subject=audit.target.container,
        summary=f"{audit.target.container}: {claim.is_}.",
        evidence_for=claim.evidence,
        remedy=Remedy(
            text="Compare the health check inside the container with the URL: neither alone is the truth."
            if disagree
            else "Read the container's log and its last health checks.",
            commands=(
                _docker(audit, "logs", "--tail", "50", audit.target.container),
                _docker(audit, "inspect", "--format", "{{json .State.Health}}", audit.target.container),
            ),
        ),
    )


def _docker(audit: Audit, *words: str) -> str:
    return shlex.join((*audit.target.host.docker_command, *words))


def surroundings(audit: Audit) -> Iterator[Finding]:
    """Room and clock."""
    broken = _broken(audit)
    for key, cause, remedy in (
        ("preflight.disk", Cause.DISK_FULL, "Make room: docker image prune, docker builder prune."),
        (
            "preflight.clock",
            Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW,
            "Let the host keep time by NTP (timedatectl set-ntp true).",
        ),
    ):
        if (claim := broken.get(key)) is not None:
            yield Finding(
                cause=cause,
                certainty=Certainty.POSSIBLE,
                subject=audit.target.where,
                summary=f"{claim.statement}: no - {claim.is_}.",
                evidence_for=claim.evidence,
                remedy=Remedy(text=remedy),
            )


def _broken(audit: Audit) -> dict[str, Claim]:
    return {claim.key: claim for claim in preflight.claims(audit) if claim.outcome is Outcome.BROKEN}
