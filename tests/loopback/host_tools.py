"""Hosts of every kind for tests: other shells and awks, a root folder with busybox alone, stored credentials."""

import base64
import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import paramiko
import pytest

from ghcr_audit.adapters.host import FramedHost
from ghcr_audit.adapters.ssh import connect
from ghcr_audit.commands import Answer, Command
from ghcr_audit.framing import FrameReader, framed_script
from ghcr_audit.targets.tables import HostAccess
from lab.errors import LabError
from lab.packages import ensure
from tests.loopback.ssh_server import Login, serve

REGISTRY = "127.0.0.1:5000"
KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """A shell and an awk to stand first on the host's PATH; with busybox, all of its programs do."""

    sh: str
    awk: str

    def __str__(self) -> str:
        return f"{self.sh}-{self.awk}"


TOOLS = [
    Tools(sh="dash", awk="mawk"),
    Tools(sh="dash", awk="gawk"),
    Tools(sh="dash", awk="original-awk"),
    Tools(sh="bash", awk="mawk"),
    Tools(sh="busybox", awk="busybox"),
]


@cache
def cached_busybox() -> Path | None:
    """The lab's static busybox. Asked for before any test changes HOME, where the lab keeps its programs."""
    try:
        return ensure().busybox
    except LabError:
        return None


def busybox() -> Path:
    found = cached_busybox()
    if found is None:
        pytest.skip("no static busybox on this machine")
    return found


def applets(folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """Busybox in a folder, under the names of its programs."""
    shutil.copy(busybox(), folder / "busybox")
    listed = subprocess.run([busybox(), "--list"], check=True, capture_output=True, text=True).stdout.split()
    for name in listed:
        if name not in (*without, "busybox"):
            (folder / name).symlink_to("busybox")


def stand_in_front(folder: Path, tools: Tools) -> None:
    if tools.sh == "busybox":
        applets(folder)
        return
    for name, wanted in (("sh", tools.sh), ("awk", tools.awk)):
        found = shutil.which(wanted)
        if found is None:
            pytest.skip(f"{wanted} is not installed here")
        (folder / name).symlink_to(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A host that has nothing but busybox."""

    root: Path

    def run(self, *commands: Command) -> dict[str, Answer]:
        key = paramiko.ECDSAKey.generate()
        key_file = self.root.parent / "key"
        key.write_private_key_file(str(key_file))
        shell = ("chroot", str(self.root), "/bin/sh", "-c")
        login = Login(key=key, shell=shell, environment={"PATH": "/bin:/usr/sbin:/usr/bin", "HOME": "/"})
        with serve(login) as server:
            access = HostAccess(
                address="127.0.0.1",
                port=server.port,
                user="deploy",
                identity_file=str(key_file),
                host_key=server.host_key.fingerprint,
            )
            host = connect(access, "cell")
            try:
                return host.run(commands)
            finally:
                host.close()


def bring(root: Path, shell: str) -> None:
    """A shell of this machine as the cell's `sh`, with the libraries that it needs."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed here")
    argv = ("/usr/bin/env", "ldd", program)
    needed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    for library in (word for word in needed.split() if word.startswith("/")):
        (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library[1:])
    (root / "bin/sh").unlink()
    shutil.copy(program, root / "bin/sh")


def store(home: Path, *entries: tuple[str, str], **others: object) -> Path:
    """A config.json as docker writes it, with these users and passwords."""
    auths = {
        f"registry{number}.example.invalid": {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
        for number, (user, password) in enumerate(entries)
    }
    return write_config(home, json.dumps({"auths": auths} | others, indent="\t"))


def write_config(home: Path, text: str) -> Path:
    path = home / ".docker/config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def masked_by_host(host: FramedHost, *commands: Command) -> dict[str, Answer]:
    """The answers as they leave the host: the controller's own redaction has not touched them."""
    nonce = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    script = framed_script(commands, nonce=nonce, registry=host._registry, sudo=host._sudo)
    stream = host.open_stream("sh -s")
    try:
        stream.write_and_close(script.encode())
        reader = FrameReader(nonce, 2 * max(command.cap_bytes for command in commands))
        chunks = stream.chunks(time.monotonic() + 60)
        events = [event for chunk in chunks for event in reader.feed(chunk)]
        reader.close()
    finally:
        stream.close()
    return {event.key: event for event in events if isinstance(event, Answer)}


def said(answers: dict[str, Answer]) -> str:
    return "".join(answer.stdout + answer.stderr for answer in answers.values())
