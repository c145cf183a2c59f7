"""Ways in which a host is not as one hopes; each is put back in the end, so that the session's lab stays whole."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.lab import Lab
from lab.place import place_of
from lab.state import read_state

_HEALTHY_WITHIN_S = 60

_FOLDERS = ("/usr/local/bin", "/usr/bin")

# In the SSH server's own mount namespace, which ends with it: a folder of links to all programs but one.
_HIDE = """\
set -e
name=$1 folder=$2 programs=/run/programs$2
mkdir -p "$programs"
mount --bind "$folder" "$programs"
mount -t tmpfs -o mode=755 tmpfs "$folder"
"$(command -v cp || echo "$programs/cp")" -rs "$programs/." "$folder/"
rm "$folder/$name"
"""


@contextmanager
def without_program(lab: Lab, name: str) -> Iterator[None]:
    """The host of a deploy user who has no such program."""
    own, aside = lab.folder / "bin" / name, lab.folder / "bin" / f".{name}.aside"
    if own.is_symlink():
        own.rename(aside)
    try:
        for folder in _FOLDERS:
            if Path(folder, name).exists():
                _in_namespace_of_sshd(lab, _HIDE, name, folder)
        yield
    finally:
        if aside.is_symlink():
            aside.rename(own)
        lab.stop_sshd()
        lab.start_sshd()


def _in_namespace_of_sshd(lab: Lab, script: str, *args: str) -> None:
    state = read_state(place_of(lab.name))
    server = state.process_of("sshd") if state else None
    assert server is not None
    enter = ("nsenter", "--mount", f"--target={server.pid}", "sh", "-c", script, "sh", *args)
    done = subprocess.run(enter, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def forbidden_socket(lab: Lab) -> Iterator[None]:
    """A deploy user who may not open the engine's socket."""
    mode = lab.docker_socket.stat().st_mode
    lab.docker_socket.chmod(0o600)
    try:
        yield
    finally:
        lab.docker_socket.chmod(mode)


@contextmanager
def stopped_engine(lab: Lab) -> Iterator[None]:
    """An engine that is down; afterwards its containers run and are healthy again."""
    lab.stop_engine()
    try:
        yield
    finally:
        lab.start_engine()
        wait_until_healthy(lab)


@contextmanager
def login_shell(lab: Lab, program: Path) -> Iterator[None]:
    """A deploy user whose login shell and whose `sh` are this program; a busybox is called by the name sh."""
    accounts, own = lab.folder / "etc" / "passwd", lab.folder / "bin" / "sh"
    before = accounts.read_text(encoding="utf-8")
    lines = [line for line in before.splitlines() if line.startswith(f"{lab.ssh_user}:")]
    shutil.copyfile(program, own)
    own.chmod(0o755)
    try:
        changed = lines[0].rpartition(":")[0] + f":{own}"
        accounts.write_text(before.replace(lines[0], changed), encoding="utf-8")  # in place: the file is mounted
        yield
    finally:
        accounts.write_text(before, encoding="utf-8")
        own.unlink()


@contextmanager
def language(lab: Lab, name: str) -> Iterator[None]:
    """A host whose sessions have this LANG."""
    lab.stop_sshd()
    lab.start_sshd(language=name)
    try:
        yield
    finally:
        lab.stop_sshd()
        lab.start_sshd()


def wait_until_healthy(lab: Lab) -> None:
    """Until Docker says that the service is healthy, a minute at most."""
    deadline = time.monotonic() + _HEALTHY_WITHIN_S
    while _health(lab) != "healthy":
        assert time.monotonic() < deadline, f"observer is {_health(lab)}"
        time.sleep(0.2)


def _health(lab: Lab) -> str:
    return lab.docker("inspect", "--format", "{{.State.Health.Status}}", "observer").stdout.decode().strip()
