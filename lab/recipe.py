"""What a machine lacks for running the lab, and the Debian or Ubuntu packages that bring it."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.apt import Distribution
from lab.errors import LabError
from lab.processes import run, run_or_fail
from lab.rootless.machine import this_machine, why_not

TREE_FORMAT = "3"  # another one when trees made by an older version of this code are not to be used
OS_RELEASE = Path("/etc/os-release")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ELSEWHERE = "To audit a host of your own, no lab is needed: ghcr-audit check TARGET"
ENGINE_AT_LEAST = 24  # the first with the containerd image store
ENGINE_PROGRAMS = ("dockerd", "docker", "containerd", "containerd-shim-runc-v2", "runc")
COMPOSE_FOLDERS = tuple(
    Path(folder, "docker/cli-plugins")
    for folder in ("/usr/local/libexec", "/usr/local/lib", "/usr/libexec", "/usr/lib")
)
# Distributions whose own packages are too old, and the suite that has compose v2 and an engine with the
# containerd store. Those need libc6 >= 2.34, except for runc, which is taken from the machine's own suite.
NEWER_SUITES = {"bookworm": "trixie"}
# Programs that nearly every machine has; fetched only where one is missing.
ORDINARY_PROGRAMS = {"ssh": "openssh-client", "ssh-keygen": "openssh-client", "git": "git", "curl": "curl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Which packages to fetch, each "name" or "name/suite", and the suite besides the machine's own ones."""

    distribution: Distribution
    packages: tuple[str, ...]
    newer_suite: str

    @property
    def key(self) -> str:
        """The name of the unpacked tree: another recipe gives another tree."""
        machine = self.distribution
        digest = hashlib.sha256("\n".join((TREE_FORMAT, *self.packages)).encode()).hexdigest()[:12]
        return f"{machine.name}-{machine.codename}-{machine.architecture}-{digest}"


def why_impossible(*, needs_root: bool = True) -> str:
    """Why no lab can run on this machine, one sentence; empty when it can."""
    if platform.system() != "Linux":
        return f"The lab needs Linux; this is {platform.system()}."
    if needs_root and os.geteuid() != 0:
        return _why_not_without_root() or "Without root the lab runs by ./run alone: ./run lab, ./run demo, ./run test."
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return "The lab needs a Debian or Ubuntu machine: there is no apt-get here."
    if _os_release("ID") not in {"debian", "ubuntu"}:
        return f"The lab needs Debian or Ubuntu; /etc/os-release says {_os_release('ID')!r}."
    return ""


def why_no_way() -> str:
    """Like `why_impossible`, for whoever is not yet where the lab runs: root here, or namespaces (`lab.rootless`)."""
    return why_impossible(needs_root=False) or ("" if os.geteuid() == 0 else _why_not_without_root())


def _why_not_without_root() -> str:
    reason = why_not(this_machine())
    return reason and f"The lab needs root, or namespaces of its own: {reason}"


def this_distribution(*, needs_root: bool = True) -> Distribution:
    """This machine's distribution; LabError when no lab can run here."""
    reason = why_impossible(needs_root=needs_root)
    if reason:
        raise LabError(reason, hint=ELSEWHERE)
    architecture = run_or_fail(["dpkg", "--print-architecture"], timeout_s=10).strip()
    codename = _os_release("VERSION_CODENAME") or "sid"
    return Distribution(name=_os_release("ID"), codename=codename, architecture=architecture)


def _os_release(field: str) -> str:
    """One field of os-release(5), empty when the file or the field is missing."""
    if not OS_RELEASE.is_file():
        return ""
    found = re.search(rf'^{field}="?([^"\n]*)"?$', OS_RELEASE.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def recipe_for(machine: Distribution) -> Recipe:
    """What this machine lacks. Installed programs are used where they are new enough.

    Looks in the system's folders only: what lies on somebody's PATH today must not decide which tree is used.
    """
    newer = NEWER_SUITES.get(machine.codename, "")
    wanted = {"docker-registry", "busybox-static"}
    wanted |= {package for program, package in ORDINARY_PROGRAMS.items() if not _in_system(program)}
    if not Path("/usr/sbin/sshd").exists():
        wanted.add("openssh-server")
    if not engine_is_installed():
        wanted.update(_engine_packages(machine, newer))
    return Recipe(distribution=machine, packages=tuple(sorted(wanted)), newer_suite=newer)


def _in_system(program: str) -> bool:
    return shutil.which(program, path=SYSTEM_PATH) is not None


def _engine_packages(machine: Distribution, newer: str) -> tuple[str, ...]:
    if machine.name == "ubuntu":
        return ("docker.io", "containerd", "runc", "tini", "docker-compose-v2")
    suite = f"/{newer}" if newer else ""
    engine = (f"{name}{suite}" for name in ("docker.io", "docker-cli", "containerd", "docker-compose"))
    return (*engine, "runc", "tini")


def engine_is_installed() -> bool:
    """Whether an installed engine is complete, compose v2 included, and new enough.

    An engine is used as a whole or not at all: parts of two releases need not fit together.
    """
    if not all(map(_in_system, ENGINE_PROGRAMS)):
        return False
    words = run(["dockerd", "--version"], timeout_s=10).stdout.decode(errors="replace")
    version = re.search(r"version (\d+)\.", words)
    new_enough = version is not None and int(version[1]) >= ENGINE_AT_LEAST
    return new_enough and any((folder / "docker-compose").is_file() for folder in COMPOSE_FOLDERS)
