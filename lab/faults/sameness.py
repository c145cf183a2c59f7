"""The lab's host past the product: all that a drill must leave as it was, and what it may not leave behind."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.incidents.host_deeds import wait_for_health
from lab.lab import Lab
from lab.place import place_of
from lab.processes import processes_in

CONTAINERS = ("observer", "observer-alertmanager", "observer-grafana", "observer-postgres", "observer-prometheus")
_KEPT = ("lock", "closed")
"""What stays in a drill's place on the host: the file that is locked, always empty; the ids of drills that are over."""
_PIN = "ghcr-audit/pin"
_MARKS = (b"GHCR_AUDIT_DRILL=", b"/.local/state/ghcr-audit")
"""Of a process that belongs to a drill: in its environment, in its command line."""
_ENDS_WITHIN_S = 3
_RESTARTS_WITHIN_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """All of a host that a drill must leave as it was."""

    containers: tuple[str, ...]
    image: tuple[str, ...]
    """The service's image id, what it was started from, and by which digests registries know it."""
    setup: tuple[str, ...]
    """Mounts, networks, restart policy, names of its environment, compose's hash."""
    sidecars: tuple[str, ...]
    """Their ids, and that they run."""
    tags: tuple[str, ...]
    files: tuple[str, ...]
    health: tuple[str, ...]

    def differs(self, after: Sameness) -> list[str]:
        """What is not as it was: `PART: - what was, + what is`."""
        return [
            f"{field.name}: {_changes(getattr(self, field.name), getattr(after, field.name))}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(after, field.name)
        ]


def _changes(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    gone = [f"- {one}" for one in before if one not in after]
    come = [f"+ {one}" for one in after if one not in before]
    return ", ".join(gone + come)


def sameness(lab: Lab) -> Sameness:
    """The host as it is now, by root and the engine's own API; the service is given time to be healthy.

    Raises:
        LabError: it does not become healthy, or one of its containers is gone.
    """
    wait_for_health(lab, "healthy")
    _await_restarts(lab)
    service, *others = _inspected(lab, CONTAINERS)
    listed = lab.docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").stdout.decode()
    return Sameness(
        containers=tuple(sorted(lab.docker("ps", "--all", "--format", "{{.Names}}").stdout.decode().split())),
        image=(service["Image"], service["Config"]["Image"], *_digests(lab, service["Image"])),
        setup=_setup(service),
        sidecars=tuple(f"{one['Name']} {one['Id']} {one['State']['Status']}" for one in others),
        tags=tuple(sorted(line for line in listed.splitlines() if "<none>" not in line and _PIN not in line)),
        files=tuple(sorted(map(_file, _deployment_files(lab)))),
        health=(service["State"]["Health"]["Status"], *_asked(lab)),
    )


def _digests(lab: Lab, image: str) -> list[str]:
    words = lab.docker("image", "inspect", "--format", '{{join .RepoDigests " "}}', image).stdout.decode().split()
    return sorted({word for word in words if not word.startswith(_PIN)})  # one pulled by digest is told twice


def _await_restarts(lab: Lab) -> None:
    """An engine that was killed first ends what it left running; until then it calls its containers restarting."""
    deadline = time.monotonic() + _RESTARTS_WITHIN_S
    while b"restarting" in lab.docker("ps", "--all", "--format", "{{.State}}").stdout:
        if time.monotonic() > deadline:
            return  # then it is a difference like others
        time.sleep(0.2)


def running(lab: Lab) -> str:
    """The tag that the service was started from; empty when there is no such container."""
    done = lab.docker("inspect", "--format", "{{.Config.Image}}", "observer")
    return done.stdout.decode().strip().rpartition(":")[2]


def container_id(lab: Lab) -> str:
    """Of the service; empty when there is none."""
    return lab.docker("inspect", "--format", "{{.Id}}", "observer").stdout.decode().strip()


def pins(lab: Lab) -> list[str]:
    """Names by which drills keep images from being pruned."""
    return lab.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", _PIN).stdout.decode().split()


def leftovers_on_host(lab: Lab, place: Path) -> list[str]:
    """What a drill that is over has left there; what is about to end is given three seconds."""
    deadline = time.monotonic() + _ENDS_WITHIN_S
    while (found := _leftovers(lab, place)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def _leftovers(lab: Lab, place: Path) -> list[str]:
    entries = place.iterdir() if place.exists() else ()
    return [
        *(f"on the host: {one.name}" for one in entries if one.name not in _KEPT),
        *(f"image {name}" for name in pins(lab)),
        *_processes(lab),
    ]


def _inspected(lab: Lab, names: tuple[str, ...]) -> list[Any]:
    done = lab.docker("inspect", "--type", "container", *names)
    if done.returncode != 0:
        raise LabError(f"containers: looked at: {done.stderr.decode(errors='replace').strip()[:300]}")
    return list(json.loads(done.stdout))


def _setup(service: Any) -> tuple[str, ...]:  # noqa: ANN401 - the engine's own JSON
    mounts = sorted(f"{one['Type']} {one.get('Source')} {one['Destination']} {one['RW']}" for one in service["Mounts"])
    names = sorted(text.partition("=")[0] for text in service["Config"]["Env"])
    host, labels = service["HostConfig"], service["Config"]["Labels"]
    networks = sorted(service["NetworkSettings"]["Networks"])
    policy = host["RestartPolicy"]["Name"]
    return (*mounts, *networks, host["NetworkMode"], policy, *names, labels["com.docker.compose.config-hash"])


def _deployment_files(lab: Lab) -> list[Path]:
    folder = lab.deploy_dir
    own = [folder / name for name in (".env", "compose.yml", "server_deploy.sh")]
    return own + list((folder / "runtime" / "state").iterdir())


def _file(path: Path) -> str:
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_uid}"


def _asked(lab: Lab) -> tuple[str, str]:
    """What the service itself answers: status and version."""
    connection = http.client.HTTPConnection("127.0.0.1", lab.health_port, timeout=3)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return str(answer.status), str(json.loads(answer.read())["version"])
    except (OSError, ValueError, KeyError) as error:
        raise LabError(f"the service: asked for health: {error!r}") from None
    finally:
        connection.close()


def _processes(lab: Lab) -> list[str]:
    """Processes of the host that belong to a drill."""
    place = place_of(lab.name)
    folders = (Path("/proc", str(one.pid)) for one in processes_in(place.folder, cgroup=place.cgroup))
    return [f"process {folder.name}: {_bytes(folder / 'cmdline')[-200:]!r}" for folder in folders if _marked(folder)]


def _marked(folder: Path) -> bool:
    environment, command_line = _MARKS
    return environment in _bytes(folder / "environ") or command_line in _bytes(folder / "cmdline")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
