"""One lab: brought up, used, broken on purpose, and taken down without a trace."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lab import host
from lab.bring_up import IMAGE_NAME, REGISTRY_USER
from lab.errors import LabError
from lab.gateway import GatewayControl
from lab.lifetime import LabStatus, Log, ensure_up, lab_packages, silent, status_of, take_down
from lab.namespace import DEPLOY_USER
from lab.place import place_of
from lab.processes import end
from lab.repository import Releases
from lab.servers import Servers
from lab.state import Store, read_state
from lab.target import Setting, target_toml
from lab.tokens import LabTokens


class Lab:
    """A lab that came up; parts of it may have been stopped since."""

    def __init__(self, servers: Servers, tokens: LabTokens) -> None:
        self._servers = servers
        self.tokens = tokens
        self.gateway = GatewayControl(self.registry)

    @classmethod
    def up(cls, name: str = "default", store: Store = "containerd", log: Log = silent) -> Lab:
        """Bring a lab up to its first healthy deployment, or return the one that is up already.

        One that was left half way (a killed `up`, a dead server) is taken down first. `log` gets the steps.

        Raises:
            LabError: it cannot be had on this machine, or a part did not start; nothing is left behind then.
        """
        ensure_up(name, store, log)
        return cls.load(name)

    @classmethod
    def load(cls, name: str = "default") -> Lab:
        """The lab that was brought up under this name, perhaps by another process."""
        place = place_of(name)
        state = read_state(place)
        if state is None or state.releases is None:
            raise LabError(f"lab {name}: not up", hint=f"./run lab up --name {name}")
        tokens = LabTokens.from_json(place.tokens_file.read_text(encoding="utf-8"))
        return cls(Servers(place, state, lab_packages(silent)), tokens)

    @classmethod
    @contextlib.contextmanager
    def temporary(cls, store: Store = "containerd", log: Log = silent) -> Iterator[Lab]:
        """A lab of one's own under a random name, down at the end."""
        lab = cls.up(f"tmp-{secrets.token_hex(4)}", store, log)
        try:
            yield lab
        finally:
            lab.down()

    def down(self, log: Log = silent) -> None:
        """Take the lab down: no process, mount, control group or file of it is left."""
        take_down(self.name, log)

    def status(self) -> LabStatus:
        """Which parts run and answer now."""
        return status_of(self._servers)

    @property
    def name(self) -> str:
        """The lab's name."""
        return self._servers.place.name

    @property
    def folder(self) -> Path:
        """The lab's folder; gone after `down`."""
        return self._servers.place.folder

    @property
    def registry(self) -> str:
        """The look-alike's address, `127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._servers.state.ports.registry}"

    @property
    def upstream(self) -> str:
        """The registry behind it, which asks for no credential: for publishing images."""
        return f"127.0.0.1:{self._servers.state.ports.upstream}"

    @property
    def image(self) -> str:
        """The service's image without a tag."""
        return f"{self.registry}/{IMAGE_NAME}"

    @property
    def ssh_port(self) -> int:
        """The SSH server's port on 127.0.0.1."""
        return self._servers.state.ports.ssh

    @property
    def ssh_user(self) -> str:
        """The deploy user, who exists in the lab only."""
        return DEPLOY_USER

    @property
    def client_key(self) -> Path:
        """The private key file that logs in."""
        return self._servers.place.client_key

    @property
    def known_hosts(self) -> Path:
        """The file with the pinned host key."""
        return self._servers.place.known_hosts

    @property
    def deploy_dir(self) -> Path:
        """The deploy directory on the host."""
        return self._servers.place.deploy_dir

    @property
    def health_port(self) -> int:
        """The port that the service serves on 127.0.0.1."""
        return self._servers.state.ports.health

    @property
    def health_url(self) -> str:
        """The service's health endpoint."""
        return f"http://127.0.0.1:{self.health_port}/health"

    @property
    def repository(self) -> Path:
        """The git repository with the releases' tags."""
        return self._servers.place.repository

    @property
    def releases(self) -> Releases:
        """The releases as they were when the lab came up."""
        if self._servers.state.releases is None:
            raise LabError(f"lab {self.name}: never came up")
        return self._servers.state.releases

    @property
    def docker_socket(self) -> Path:
        """The engine's socket, for looking at it past SSH."""
        return self._servers.place.docker_socket

    @property
    def busybox(self) -> Path:
        """The static busybox that images are made of (`lab.images`)."""
        return self._servers.packages.busybox

    def ssh(self, command: str, *, stdin: bytes = b"", timeout_s: float = 30) -> subprocess.CompletedProcess[bytes]:
        """Run a command on the host as the deploy user, by openssh; exit code 255 is ssh's own."""
        return self._servers.ssh(command, stdin=stdin, timeout_s=timeout_s)

    def docker(self, *words: str, timeout_s: float = 30) -> subprocess.CompletedProcess[bytes]:
        """Run the docker CLI on the engine as root, past SSH and without any credential."""
        return self._servers.docker(*words, timeout_s=timeout_s)

    def pull(self, *tags: str) -> None:
        """Let the deploy user pull these releases onto the host.

        Raises:
            LabError: one cannot be pulled.
        """
        for tag in tags:
            done = self.ssh(f"docker pull --quiet {self.image}:{tag}")
            if done.returncode != 0:
                words = done.stderr.decode(errors="replace").strip()[-300:]
                raise LabError(f"{self.image}:{tag}: cannot be pulled: {words}")

    def deploy(self, tag: str, action: str = "deploy") -> subprocess.CompletedProcess[bytes]:
        """Run the host's own deploy script; `action` is "deploy" or "rollback"."""
        script = f"./server_deploy.sh {self.deploy_dir} compose.yml {tag} {action}"
        return self.ssh(f"cd {self.deploy_dir} && {script}", timeout_s=60)

    def set_flaws(self, *words: str) -> None:
        """Let the host's deploy script have these flaws and no other; its header says which there are."""
        file = self.deploy_dir / "runtime" / "flaws"
        file.unlink(missing_ok=True)
        if words:
            file.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")

    def store_credential(self, token: str, user: str = REGISTRY_USER) -> None:
        """Store a credential as the deploy user's `docker login` does, also one that it would refuse."""
        host.store_credential(self._servers.place, self._servers.state, token=token, user=user)

    def remove_credential(self) -> None:
        """Leave the deploy user without any stored credential."""
        self._servers.place.docker_config.unlink(missing_ok=True)

    def stored_config(self) -> str:
        """The deploy user's config.json, empty when there is none. It holds a token: never print it."""
        file = self._servers.place.docker_config
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def stop_engine(self) -> None:
        """End the engine in an orderly way; its containers end with it."""
        self._servers.stop("engine")

    def kill_engine(self) -> None:
        """End the engine and its containers at once, as a machine does that loses its power."""
        self._servers.kill_engine()

    def start_engine(self) -> None:
        """Start the engine again; containers that restart by themselves come back."""
        self._servers.start("engine")

    def stop_gateway(self) -> None:
        """Let nobody listen at the registry's address."""
        self._servers.stop("gateway")

    def start_gateway(self) -> None:
        """Let the registry answer again, with no switch set."""
        self._servers.start("gateway")

    def stop_sshd(self) -> None:
        """Make the host unreachable: the SSH server and all its sessions end."""
        self._servers.stop("sshd")

    def start_sshd(self, language: str = "") -> None:
        """Start the SSH server again; `language` is the LANG of every session, empty for none."""
        self._servers.start("sshd", language=language)

    def cut_sessions(self) -> None:
        """End all SSH sessions, and what runs in them, while the server stays up."""
        end(self._servers.sessions())

    def cut_connections(self) -> None:
        """Break all SSH connections, as a lost network does: what runs in the sessions goes on."""
        end(self._servers.connections())

    def target_toml(self, **overrides: Setting | None) -> str:
        """A target file for this lab; overrides name keys, in a table as `host__port`; None leaves one out."""
        return target_toml(self._servers.place, self._servers.state, overrides)
