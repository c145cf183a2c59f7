"""The four servers of a lab: started, stopped, asked, and remembered in `state.json`."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from dataclasses import dataclass

from lab import sshd
from lab.engine import engine_answers, remove_cgroups, start_engine, wait_for_engine
from lab.errors import LabError
from lab.packages import Packages
from lab.place import Place
from lab.processes import ProcessId, end, kill, processes_in, run
from lab.registry import http_status, start_gateway, start_registry, wait_for_gateway, wait_for_registry
from lab.repository import Releases
from lab.state import PART_NAMES, LabState, PartName, write_state


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """One server: whether its process runs and whether it answers. `pid` is 0 when it was never started."""

    name: PartName
    pid: int
    running: bool
    answering: bool


class Servers:
    """Registry, gateway, engine and sshd of one lab. Threads may start different parts."""

    def __init__(self, place: Place, state: LabState, packages: Packages) -> None:
        self.place = place
        self.packages = packages
        self.state = state
        self._writing = threading.Lock()

    def start(self, name: PartName, *, language: str = "") -> None:
        """Start a part and wait until it answers; `language` is the LANG of SSH sessions."""
        process = self._launch(name, language)
        with self._writing:
            self.state = self.state.with_part(name, process)
            write_state(self.place, self.state)
        self._wait_for(name, process)

    def _launch(self, name: PartName, language: str) -> ProcessId:
        match name:
            case "registry":
                return start_registry(self.place, self.state, self.packages)
            case "gateway":
                return start_gateway(self.place, self.state)
            case "engine":
                return start_engine(self.place, self.state, self.packages)
            case "sshd":
                return sshd.start_sshd(self.place, self.state, self.packages, language=language)

    def _wait_for(self, name: PartName, process: ProcessId) -> None:
        match name:
            case "registry":
                wait_for_registry(self.place, self.state, process)
            case "gateway":
                wait_for_gateway(self.place, self.state, process)
            case "engine":
                wait_for_engine(self.place, process)
            case "sshd":
                sshd.wait_for_sshd(self.place, self.state, process)

    def answers(self, name: PartName) -> bool:
        """Whether a part answers now."""
        ports = self.state.ports
        match name:
            case "registry":
                return http_status(ports.upstream, "/v2/") > 0
            case "gateway":
                return http_status(ports.registry, "/v2/") > 0
            case "engine":
                return engine_answers(self.place.docker_socket)
            case "sshd":
                return sshd.sshd_answers(ports.ssh)

    def status(self) -> tuple[PartStatus, ...]:
        """All parts, in the order of the chain."""
        return tuple(self._status_of(name) for name in PART_NAMES)

    def _status_of(self, name: PartName) -> PartStatus:
        process = self.state.process_of(name)
        running = process is not None and process.alive
        pid = process.pid if process else 0
        return PartStatus(name=name, pid=pid, running=running, answering=running and self.answers(name))

    def mark_ready(self, releases: Releases) -> None:
        """Remember that the lab came up to a healthy deployment, and with which releases."""
        with self._writing:
            self.state = self.state.model_copy(update={"releases": releases})
            write_state(self.place, self.state)

    def stop(self, name: PartName) -> None:
        """End a part if it runs; stopping sshd ends its sessions too, as a host that goes away does."""
        process = self.state.process_of(name)
        if process is None:
            return
        sessions = self.sessions() if name == "sshd" else []
        end([process, *sessions])

    def kill_engine(self) -> None:
        """End the engine at once, then all that it started: its containerd and shims live in its namespace too.

        Without them a new engine in a namespace of its own would take over containers whose mounts it does not see.
        """
        engine, sshd_server = self.state.process_of("engine"), self.state.process_of("sshd")
        if engine is None:
            return
        elsewhere = sshd_server.namespace if sshd_server is not None else ""
        kill([engine])
        living = processes_in(self.place.folder, cgroup=self.place.cgroup)
        kill([one for one in living if one.namespace != elsewhere])

    def sessions(self) -> list[ProcessId]:
        """The SSH server's children and all that they started."""
        server = self.state.process_of("sshd")
        if server is None:
            return []
        living = processes_in(self.place.folder, cgroup=self.place.cgroup)
        return [one for one in living if one != server and one.namespace == server.namespace]

    def connections(self) -> list[ProcessId]:
        """The SSH server's own processes for its connections, without what runs in them."""
        return [one for one in self.sessions() if one.program.startswith("sshd")]

    def docker(self, *words: str, timeout_s: float = 30) -> subprocess.CompletedProcess[bytes]:
        """Run the docker CLI as root, past SSH and without any credential."""
        environment = {
            **self.packages.environment(),
            "DOCKER_HOST": f"unix://{self.place.docker_socket}",
            "DOCKER_CONFIG": str(self.place.engine / "client"),
        }
        return run((str(self.packages.docker), *words), timeout_s=timeout_s, environment=environment)

    def ssh(self, command: str, *, stdin: bytes = b"", timeout_s: float = 30) -> subprocess.CompletedProcess[bytes]:
        """Run a command on the lab's host as the deploy user."""
        return sshd.ssh(self.place, self.state, self.packages, command, stdin=stdin, timeout_s=timeout_s)

    def stop_all(self) -> None:
        """Remove the containers, end every part, and whatever else still lives in the lab."""
        if self.answers("engine"):
            with contextlib.suppress(LabError):
                self._remove_containers()
        end(filter(None, map(self.state.process_of, PART_NAMES)))
        end_strays(self.place)

    def _remove_containers(self) -> None:
        names = self.docker("ps", "--all", "--quiet").stdout.decode().split()
        if names:
            self.docker("rm", "--force", *names)


def end_strays(place: Place) -> None:
    """End what lives in the lab though no list has it: sessions, shims, containers."""
    end(processes_in(place.folder, cgroup=place.cgroup), limit_s=5)
    remove_cgroups(place)
