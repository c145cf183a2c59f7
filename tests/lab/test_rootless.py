"""The lab of a user without root: up, put into an incident, audited from outside, and gone without a trace.

Run by root, the user exists in a private mount namespace only, with an account and subordinate ids of its own; run
by anybody else, it is whoever runs the tests.
"""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.packages import cache_folder
from lab.place import in_own_namespace
from lab.processes import PROC, wait_until
from lab.recipe import why_no_way
from lab.rootless.machine import MAPPERS, this_machine

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(480)]

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = f"bare-{os.getpid()}"
USER_ID = 57_777
FIRST_SUBORDINATE, SUBORDINATES = 2_000_000_000, 65_536
ACCOUNT = {
    "passwd": f"labuser:x:{USER_ID}:{USER_ID}::/tmp:/bin/sh",
    "group": f"labuser:x:{USER_ID}:",
    "subuid": f"labuser:{FIRST_SUBORDINATE}:{SUBORDINATES}",
    "subgid": f"labuser:{FIRST_SUBORDINATE}:{SUBORDINATES}",
}
# Root's home may be closed to others; the interpreter and the packages may lie there.
BECOME_THE_USER = """\
set -e
home=$1 cache=$2 python=$3 closed=$4
shift 4
for file in passwd group subuid subgid; do mount --bind "$home/etc/$file" "/etc/$file"; done
mount --bind "$cache" "$home/cache"
mount --bind "$python" "$home/python"
if [ -n "$closed" ]; then
    mount -t tmpfs -o mode=755 tmpfs "$closed"
    mkdir -p "$python"
    mount --bind "$home/python" "$python"
fi
exec setpriv --reuid 57777 --regid 57777 --clear-groups "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A user without root; `become` is what a command begins with."""

    become: tuple[str, ...]
    environment: dict[str, str]
    ids: frozenset[int] | range

    def argv(self, *words: str) -> tuple[str, ...]:
        return (*self.become, sys.executable, *words)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = self.argv(*words)
        return subprocess.run(
            argv,
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def lab(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "lab.rootless", "lab", *words, "--name", NAME)

    def living(self) -> list[str]:
        """The command lines of the user's subordinate users - and of the user's own where that one is ours alone."""
        found = []
        for entry in PROC.iterdir():
            if entry.name.isdigit() and _user_of(entry) in self.ids:
                found.append(_command_line(entry).replace("\0", " "))
        return [line for line in found if line]  # a zombie has none


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return ""


def _user_of(process: Path) -> int:
    try:
        return process.stat().st_uid
    except OSError:
        return -1


@pytest.fixture(scope="module")
def somebody(lab_machine_of_somebody: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Somebody]:
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    if os.geteuid() != 0:
        environment |= {"HOME": os.environ["HOME"], "GHCR_AUDIT_CACHE": str(cache_folder())}
        ours = this_machine().users
        yield Somebody(become=(), environment=environment, ids=range(ours.start, ours.start + ours.count))
        return
    home = Path(f"/tmp/lab-user-{os.getpid()}")  # noqa: S108 - below it, folders must be open to others
    for part in ("etc", "cache", "python"):
        (home / part).mkdir(parents=True)
    try:
        one = _private_user(home, environment)
        probe = one.run("-c", "import lab.rootless.__main__")
        if probe.returncode != 0:
            pytest.skip(f"another user cannot run this checkout: {probe.stderr.strip().splitlines()[-1]}")
        yield one
    finally:
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def lab_machine_of_somebody() -> None:
    if in_own_namespace():
        pytest.skip("these tests already run in namespaces without root: all others are the proof")
    if reason := why_no_way():
        pytest.skip(f"no lab on this machine: {reason}")
    missing = [name for name in (*MAPPERS, "setpriv") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed (package uidmap)")
    if not (Path("/etc/subuid").exists() and Path("/etc/subgid").exists()):
        pytest.skip("no /etc/subuid and /etc/subgid to put another one in front of")


def _private_user(home: Path, environment: dict[str, str]) -> Somebody:
    """An account that processes in a mount namespace of their own see, and nobody else."""
    for name, line in ACCOUNT.items():
        text = Path("/etc", name).read_text(encoding="utf-8", errors="replace")
        (home / "etc" / name).write_text(f"{text.rstrip()}\n{line}\n")
    os.chown(home, USER_ID, USER_ID)
    python = Path(sys.base_prefix)
    closed = next((str(folder) for folder in reversed(python.parents) if not folder.stat().st_mode & stat.S_IXOTH), "")
    enter = ("unshare", "--mount", "--propagation", "private", "sh", "-c", BECOME_THE_USER, "sh")
    return Somebody(
        become=(*enter, str(home), str(cache_folder()), str(python), closed),
        environment={**environment, "HOME": str(home), "GHCR_AUDIT_CACHE": str(home / "cache")},
        ids=frozenset({USER_ID, *range(FIRST_SUBORDINATE, FIRST_SUBORDINATE + SUBORDINATES)}),
    )


def _labs(somebody: Somebody) -> Path:
    user_id = USER_ID if somebody.become else os.getuid()
    return Path(f"/tmp/ghcr-audit-lab-{user_id}")  # noqa: S108 - where `lab.place` puts them


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def _causes(checked: subprocess.CompletedProcess[str]) -> set[str]:
    """The proven causes in a check's JSON."""
    findings: Sequence[dict[str, str]] = json.loads(checked.stdout)["findings"]
    return {one["cause"] for one in findings if one["certainty"] == "proven"}


def test_without_root_a_lab_comes_up_is_audited_from_outside_and_goes_without_a_trace(somebody: Somebody) -> None:
    folder = _labs(somebody) / NAME
    try:
        up = somebody.lab("up", "--json")
        assert up.returncode == 0, _said(up)
        status = json.loads(up.stdout)
        assert status["up"]
        with socket.create_connection(("127.0.0.1", status["ssh_port"]), timeout=5) as outside:
            assert outside.recv(4) == b"SSH-"
        again = somebody.lab("up")
        assert "already up" in again.stderr
        incident = somebody.lab("incident", "5", "--json")
        assert incident.returncode == 0, _said(incident)
        target = json.loads(incident.stdout)["target"]
        checked = somebody.run("-m", "ghcr_audit.cli.main", "check", target, "--json")
        assert _causes(checked) == {"token_scope_insufficient"}
    finally:
        down = somebody.lab("down")
    assert down.returncode == 0, _said(down)
    assert not folder.exists()
    assert somebody.lab("status").returncode == 1
    assert somebody.living() == []


def test_a_command_that_is_ended_ends_its_namespaces(somebody: Somebody, tmp_path: Path) -> None:
    said = tmp_path / "said"
    program = "import subprocess; subprocess.Popen(['sleep', '61']); print('up', flush=True); input()"
    words = ("-m", "lab.rootless", "timeit", "-n1", "-r1", program)
    with (
        said.open("wb") as out,
        subprocess.Popen(
            somebody.argv(*words), cwd=CHECKOUT, env=somebody.environment, stdin=subprocess.PIPE, stdout=out
        ) as running,
    ):
        wait_until(lambda: said.read_text() == "up\n", what="command", limit_s=20)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=20) == 128 + signal.SIGTERM
    assert somebody.living() == []
