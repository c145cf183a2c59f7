"""Where the contenders work: a lab's host behind a delayer, and what each of them has to know to get in."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.delayer import Delayer, delayer
from lab.lab import Lab
from lab.packages import ensure


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A host on 127.0.0.1 that is reached through a delayer, and a folder of the bench's own on this side."""

    lab: Lab
    line: Delayer
    folder: Path
    known_hosts: Path
    path: str

    @property
    def key(self) -> Path:
        """The private key file that logs in."""
        return self.lab.client_key

    @property
    def user(self) -> str:
        """Who logs in."""
        return self.lab.ssh_user

    @property
    def environment(self) -> Mapping[str, str]:
        """What every contender gets: a HOME of its own, so that nobody's configuration takes part."""
        home = self.folder / "home"
        own = {"HOME": str(home), "PATH": self.path, "LC_ALL": "C.UTF-8", "GHCR_AUDIT_TARGETS": str(self.targets)}
        return own | {name: os.environ[name] for name in ("TMPDIR",) if name in os.environ}

    @property
    def targets(self) -> Path:
        """The folder of target files."""
        return self.folder / "targets"

    def add_target(self, name: str) -> None:
        """Write a target file that leads to the host, through the delayer."""
        text = self.lab.target_toml(host__port=self.line.port, host__known_hosts=str(self.known_hosts))
        (self.targets / f"{name}.toml").write_text(text, encoding="utf-8")


@contextmanager
def site(lab: Lab, folder: Path) -> Iterator[Site]:
    """A site on this lab; `folder` is empty and is filled."""
    for name in ("home", "targets"):
        (folder / name).mkdir()
    with delayer(lab.ssh_port) as line:
        pinned = lab.known_hosts.read_text(encoding="ascii").replace(f":{lab.ssh_port} ", f":{line.port} ")
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(pinned, encoding="ascii")
        path = ensure().environment()["PATH"]
        yield Site(lab=lab, line=line, folder=folder, known_hosts=known_hosts, path=path)
