"""The lab's registry: a real CNCF registry, and the gateway - the ghcr.io look-alike - in front of it."""

from __future__ import annotations

import http.client
import os
import sys
from pathlib import Path

from lab.packages import Packages
from lab.place import Place
from lab.processes import ProcessId, spawn, wait_until
from lab.state import LabState

CHECKOUT = Path(__file__).resolve().parent.parent


def start_registry(place: Place, state: LabState, packages: Packages) -> ProcessId:
    """Start the registry without waiting for it."""
    place.registry.mkdir(exist_ok=True)
    config = place.registry / "config.yml"
    config.write_text(registry_yml(place, state), encoding="utf-8")
    argv = (str(packages.registry), "serve", str(config))
    return spawn(argv, log=place.log / "registry.log", environment=packages.environment())


def registry_yml(place: Place, state: LabState) -> str:
    """The registry's configuration. Relative URLs keep uploads from going round the gateway."""
    return f"""\
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {place.registry}/data
  delete:
    enabled: true
http:
  addr: 127.0.0.1:{state.ports.upstream}
  relativeurls: true
"""


def start_gateway(place: Place, state: LabState) -> ProcessId:
    """Start the gateway without waiting for it; the tokens travel in a file that only we can read."""
    ports = ("--port", str(state.ports.registry), "--upstream", f"127.0.0.1:{state.ports.upstream}")
    files = ("--tokens", str(place.tokens_file), "--log", str(place.log / "gateway.access.log"))
    environment = {"PATH": os.defpath, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = (sys.executable, "-m", "lab.gateway", *ports, *files)
    return spawn(argv, log=place.log / "gateway.log", environment=environment)


def wait_for_registry(place: Place, state: LabState, process: ProcessId) -> None:
    """Wait until the registry itself answers, 10 s at most."""
    _wait("registry", state.ports.upstream, process, place.log / "registry.log")


def wait_for_gateway(place: Place, state: LabState, process: ProcessId) -> None:
    """Wait until the gateway answers, 10 s at most."""
    _wait("gateway", state.ports.registry, process, place.log / "gateway.log")


def _wait(what: str, port: int, process: ProcessId, log: Path) -> None:
    wait_until(lambda: http_status(port, "/v2/") > 0, what=what, limit_s=10, process=process, log=log)


def http_status(port: int, path: str) -> int:
    """The status of `GET path` on 127.0.0.1:port, 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
