"""The contenders: each does the same commands on the same host in its own way, as a process of its own."""

import json
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bench.opponents import programs
from bench.site import Site
from ghcr_audit.commands import Command

LIMIT_S = 180
_PLAYS = Path(__file__).parent / "plays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one go took: seconds on the clock, and processor seconds of all its processes on this side."""

    wall_s: float
    cpu_s: float


class Pace(Enum):
    """How often a contender has its go."""

    QUICK = "quick"
    SLOW = "slow"
    SLOWEST = "slowest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A way to do the work. `pace`: how often it is measured; those that take long are measured less often."""

    name: str
    words: str
    go: Callable[[], Taken]
    pace: Pace


class WorkNotDoneError(Exception):
    """A contender ended without having done the work; what it took says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The commands of one audit, as a person would type them, and a scratch folder on the host for them."""

    commands: tuple[Command, ...]
    scratch: str
    proof: bytes
    """What some command always prints."""

    def plain(self, command: Command) -> str:
        """One command by itself; like the product's, it reads nothing and its failure ends nothing."""
        return f"export GA_TMP={shlex.quote(self.scratch)}; {{ {command.text}; }} </dev/null || true"

    @property
    def script(self) -> bytes:
        """All of them as one script, without frames, limits, caps and masks."""
        lines = (f"{{ {command.text}; }} </dev/null" for command in self.commands)
        return "\n".join((f"export GA_TMP={shlex.quote(self.scratch)}", *lines, "exit 0", "")).encode()


def contenders(site: Site, work: Work) -> tuple[Contender, ...]:
    """All of them, the quick ones first."""
    quick, slow, slowest = Pace.QUICK, Pace.SLOW, Pace.SLOWEST
    return (
        Contender(name="check", words="`ghcr-audit check`", pace=quick, go=lambda: _check(site, work)),
        Contender(name="ssh_sh_s", words="one `ssh host sh -s`", pace=quick, go=lambda: _one_script(site, work)),
        Contender(name="pyinfra", words="pyinfra", pace=slow, go=lambda: _pyinfra(site, work)),
        Contender(name="ansible", words="Ansible, pipelining", pace=slow, go=lambda: _ansible(site, work)),
        Contender(name="shared", words="`ssh` each, ControlMaster", pace=slow, go=lambda: _shared(site, work)),
        Contender(name="ssh_each", words="`ssh` each", pace=slowest, go=lambda: _each(site, work)),
        Contender(name="testinfra", words="testinfra", pace=slowest, go=lambda: _testinfra(site, work)),
    )


def timed(
    site: Site, words: Sequence[str], *, stdin: bytes = b"", proof: bytes = b"", folder: Path | None = None
) -> Taken:
    """One process from its start to its end, with all its children.

    Raises:
        WorkNotDoneError: it failed, or did not print what proves that the work was done.
    """
    cpu_s, began = _children_s(), time.perf_counter()
    done = subprocess.run(
        words,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(site.environment),
        cwd=folder,
        timeout=LIMIT_S,
        check=False,
    )
    taken = Taken(wall_s=time.perf_counter() - began, cpu_s=_children_s() - cpu_s)
    if done.returncode != 0 or proof not in done.stdout:
        said = done.stdout.decode(errors="replace").strip()[-800:]
        raise WorkNotDoneError(f"{Path(words[0]).name}: exit code {done.returncode}, without {proof!r}: {said}")
    return taken


def _check(site: Site, work: Work) -> Taken:
    program = str(Path(sys.executable).with_name("ghcr-audit"))
    words = (program, "check", "bench", "--tag", site.lab.releases.running, "--json")
    return timed(site, words, proof=work.proof)


def _one_script(site: Site, work: Work) -> Taken:
    return timed(site, (*_ssh(site), "sh -s"), stdin=work.script, proof=work.proof)


def _each(site: Site, work: Work, *options: str) -> Taken:
    taken = [timed(site, (*_ssh(site, *options), work.plain(command))) for command in work.commands]
    return Taken(wall_s=sum(one.wall_s for one in taken), cpu_s=sum(one.cpu_s for one in taken))


def _shared(site: Site, work: Work) -> Taken:
    """The master goes to the background with the first call and is told to leave with the last."""
    socket = f"ControlPath={site.folder}/master"
    taken = _each(site, work, "ControlMaster=auto", "ControlPersist=60", socket)
    left = timed(site, (*_ssh(site, socket), "-O", "exit"))
    return Taken(wall_s=taken.wall_s + left.wall_s, cpu_s=taken.cpu_s + left.cpu_s)


def _ansible(site: Site, work: Work) -> Taken:
    folder = site.folder / "ansible"
    folder.mkdir(exist_ok=True)
    play = folder / "play.yml"
    commands = (json.dumps(work.plain(command)) for command in work.commands)  # JSON's strings are YAML's
    tasks = (f"    - ansible.builtin.shell:\n        cmd: !unsafe {command}\n" for command in commands)
    play.write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n{''.join(tasks)}")
    common = shlex.join(_options("ControlMaster=auto", "ControlPersist=60", known_hosts=site.known_hosts))
    (folder / "ansible.cfg").write_text(
        "[defaults]\nhost_key_checking = True\ninterpreter_python = auto_silent\n"
        f"[ssh_connection]\npipelining = True\nssh_args = -F none {common}\ncontrol_path = {folder}/master\n"
    )
    address = (f"ansible_host=127.0.0.1 ansible_port={site.line.port} ansible_user={site.user}",)
    (folder / "hosts").write_text(f"host {address[0]} ansible_ssh_private_key_file={site.key}\n")
    words = (programs("ansible-playbook"), "-i", str(folder / "hosts"), str(play))
    taken = timed(site, words, proof=f"ok={len(work.commands)}".encode(), folder=folder)
    _quietly(site, (*_ssh(site, f"ControlPath={folder}/master"), "-O", "exit"))
    return taken


def _pyinfra(site: Site, work: Work) -> Taken:
    words = (programs("pyinfra"), "-y", "inventory.py", "deploy.py")
    return _played(site, work, "pyinfra", words, proof=b"Success")


def _testinfra(site: Site, work: Work) -> Taken:
    words = (programs("python"), str(_PLAYS / "testinfra_play.py"), "play.json")
    return _played(site, work, "testinfra", words, proof=work.proof)


def _played(site: Site, work: Work, name: str, words: Sequence[str], *, proof: bytes) -> Taken:
    """A Python program of the opponent's own, told by a file what to do and where."""
    folder = site.folder / name
    folder.mkdir(exist_ok=True)
    told = {
        "port": site.line.port,
        "user": site.user,
        "key": str(site.key),
        "known_hosts": str(site.known_hosts),
        "commands": [work.plain(command) for command in work.commands],
    }
    (folder / "play.json").write_text(json.dumps(told))
    for file in _PLAYS.glob(f"{name}_*.py"):
        (folder / f"{file.stem.removeprefix(f'{name}_')}.py").write_text(file.read_text(encoding="utf-8"))
    return timed(site, words, proof=proof, folder=folder)


def _ssh(site: Site, *options: str) -> tuple[str, ...]:
    flags = _options(*options, known_hosts=site.known_hosts)
    return ("ssh", "-F", "none", "-T", *flags, "-i", str(site.key), "-p", str(site.line.port), f"{site.user}@127.0.0.1")


def _options(*more: str, known_hosts: Path) -> tuple[str, ...]:
    """What keeps any client of OpenSSH to one key and one pinned host key, and from asking anybody."""
    options = (
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        f"UserKnownHostsFile={known_hosts}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "LogLevel=ERROR",
        *more,
    )
    return tuple(word for option in options for word in ("-o", option))


def _quietly(site: Site, words: Sequence[str]) -> None:
    subprocess.run(words, env=dict(site.environment), capture_output=True, timeout=LIMIT_S, check=False)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
