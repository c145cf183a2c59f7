"""One lab: brought up, used, broken on purpose, and taken down without a trace."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import host
from lab.bring_up import IMAGE_NAME, REGISTRY_USER, bring_up
from lab.errors import LabError
from lab.gateway import GatewayControl
from lab.namespace import DEPLOY_USER
from lab.packages import Packages, ensure
from lab.place import Place, locked, locked_root, place_of
from lab.processes import end
from lab.repository import Releases
from lab.servers import PartStatus, Servers, end_strays
from lab.state import Store, choose, read_state, write_state
from lab.target import Setting, target_toml
from lab.tokens import LabTokens

Log = Callable[[str], None]


def silent(_line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStatus:
    """The whole lab; `deployed` says that it once came up to a healthy deployment."""

    name: str
    store: Store
    deployed: bool
    parts: tuple[PartStatus, ...]

    @property
    def up(self) -> bool:
        """Whether every part answers."""
        return self.deployed and all(part.answering for part in self.parts)


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
        place = place_of(name)
        packages = _packages(log)
        with locked_root():
            place.folder.mkdir(mode=0o755, exist_ok=True)
        with locked(place):
            if not _is_up(place, packages, store, log):
                _build(place, packages, store, log)
        return cls.load(name)

    @classmethod
    def load(cls, name: str = "default") -> Lab:
        """The lab that was brought up under this name, perhaps by another process."""
        place = place_of(name)
        state = read_state(place)
        if state is None or state.releases is None:
            raise LabError(f"lab {name}: not up", hint=f"./run lab up --name {name}")
        tokens = LabTokens.from_json(place.tokens_file.read_text(encoding="utf-8"))
        return cls(Servers(place, state, _packages(silent)), tokens)

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


def status_of(servers: Servers) -> LabStatus:
    """Which parts of a lab run and answer now."""
    state = servers.state
    return LabStatus(name=state.name, store=state.store, deployed=state.releases is not None, parts=servers.status())


def _packages(log: Log) -> Packages:
    """The lab's programs; a git that had to be fetched is lent to this process, last on its PATH."""
    packages = ensure(log)
    if shutil.which("git") is None:
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{packages.root}/usr/bin"
    return packages


def _is_up(place: Place, packages: Packages, store: Store, log: Log) -> bool:
    """Whether the lab is up; LabError when it is up with another image store than the one asked for."""
    state = read_state(place)
    if state is None or not status_of(Servers(place, state, packages)).up:
        return False
    if state.store != store:
        raise LabError(
            f"lab {place.name}: up with another image store (got {state.store!r}, expected {store!r})",
            hint=f"./run lab down --name {place.name}",
        )
    log(f"lab {place.name}: already up ({store} store)")
    return True


def _build(place: Place, packages: Packages, store: Store, log: Log) -> None:
    """Bring up from an empty folder, or leave nothing. The place must be locked."""
    _clear(place, log)
    with locked_root():  # so that no other lab chooses the same ports
        state = choose(place, store)
        write_state(place, state)
    try:
        bring_up(Servers(place, state, packages), LabTokens.generate(), log)
    except BaseException:
        _remove(place, silent)
        raise


def take_down(name: str, log: Log = silent) -> None:
    """Take a lab down whatever state it is in: half up, with dead parts, or not there at all."""
    place = place_of(name)
    if not place.folder.exists():
        log(f"lab {name}: not up")
        return
    with locked(place):
        _remove(place, log)
    log(f"lab {name}: down")


def _remove(place: Place, log: Log) -> None:
    """Leave nothing, not even the folder of all labs if this was the last. The place must be locked."""
    _clear(place, log)
    place.folder.rmdir()
    with locked_root():
        pass  # an empty one goes when it is let go


def _clear(place: Place, log: Log) -> None:
    """End everything that lives in the lab and empty its folder; the folder stays, since it is the lock."""
    state = read_state(place)
    if state is not None:
        log(f"lab {place.name}: ending {len(state.parts)} servers and their containers")
        Servers(place, state, ensure()).stop_all()
    end_strays(place)
    for entry in place.folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
