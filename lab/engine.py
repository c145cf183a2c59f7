"""The lab's container engine: a dockerd with no bridge and no firewall rule, in its own mount namespace."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

from lab.namespace import inside
from lab.packages import Packages
from lab.place import Place, in_own_namespace
from lab.processes import ProcessId, spawn, wait_until
from lab.state import LabState

CGROUPS = Path("/sys/fs/cgroup")
RUNTIME_WITHOUT_CGROUPS = Path(__file__).resolve().parent / "rootless" / "runc_without_cgroups.sh"


def start_engine(place: Place, state: LabState, packages: Packages) -> ProcessId:
    """Start the engine without waiting for it (see `wait_for_engine`)."""
    place.engine.mkdir(exist_ok=True)
    (place.engine / "docker.pid").unlink(missing_ok=True)  # a killed engine leaves it, and the id may be another's now
    config = place.engine / "daemon.json"
    config.write_text(daemon_json(place, state), encoding="utf-8")
    seen = packages.seen_at(place.packages)
    argv = inside(place, packages, (str(seen.dockerd), "--config-file", str(config)), deploy_user=False)
    return spawn(argv, log=place.log / "engine.log", environment={"PATH": seen.path, "HOME": str(place.engine)})


def daemon_json(place: Place, state: LabState) -> str:
    """The engine's configuration. Containers use the host's network: no traffic leaves 127.0.0.1."""
    configuration = {
        "data-root": str(place.engine / "data"),
        "exec-root": str(place.engine / "exec"),
        "pidfile": str(place.engine / "docker.pid"),
        "hosts": [f"unix://{place.docker_socket}"],
        "group": str(state.user_id),
        "features": {"containerd-snapshotter": state.store == "containerd"},
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
        "ip-forward": False,
        "ip-masq": False,
        "userland-proxy": False,
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{place.cgroup}",
        **(_without_cgroups() if in_own_namespace() else {}),
        "shutdown-timeout": 3,
    }
    return json.dumps(configuration, indent=1)


def _without_cgroups() -> dict[str, object]:
    """Without root, containers stay in the control group in which the lab was started."""
    return {"runtimes": {"lab": {"path": str(RUNTIME_WITHOUT_CGROUPS)}}, "default-runtime": "lab"}


def wait_for_engine(place: Place, process: ProcessId) -> None:
    """Wait until the engine answers, 30 s at most."""
    wait_until(
        lambda: engine_answers(place.docker_socket),
        what="engine",
        limit_s=30,
        process=process,
        log=place.log / "engine.log",
    )


def engine_answers(docker_socket: Path) -> bool:
    """Whether an engine answers on the socket (`GET /_ping`)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(docker_socket))
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            return b" 200 " in connection.recv(64)
        except OSError:
            return False


def remove_cgroups(place: Place) -> None:
    """Remove the empty control groups that the containers leave, on either version of the hierarchy."""
    for hierarchy in (CGROUPS, *CGROUPS.glob("*")):
        top = hierarchy / place.cgroup
        for group in (*sorted(top.glob("**/"), reverse=True), top):
            with contextlib.suppress(OSError):
                group.rmdir()
