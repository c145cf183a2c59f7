"""What `ghcr-audit doctor` looks at on this machine: Python, git, SSH keys, Prefect, target files."""

import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.cli.checkup import Line, Sign, looked
from ghcr_audit.errors import AuditError
from ghcr_audit.targets import read_target, target_names

PYTHON_NEEDED = (3, 11)
FASTAPI_BELOW = (0, 151)
"""Prefect 3.8's server does not start with newer ones."""
SQLALCHEMY_BELOW = (2, 1)
"""Prefect 3.8's schedules never make a run with newer ones."""
TARGETS = "targets"
"""What the line about target files is called."""
_CHECKOUT = Path(__file__).parents[2]


def machine() -> Iterator[Line]:
    """What is installed here."""
    good = sys.version_info >= PYTHON_NEEDED
    yield looked("python", platform.python_version(), "Python 3.11 or newer is needed.", good=good)
    git = shutil.which("git")
    yield looked(
        "git", git or "not on the PATH", "Install git: without it tags cannot be compared.", good=git is not None
    )
    yield _ssh_keys()
    yield _prefect()
    yield _bounded("fastapi", FASTAPI_BELOW, "Prefect's server does not start with it: `uv sync --locked` mends that.")
    yield _bounded(
        "sqlalchemy", SQLALCHEMY_BELOW, "Prefect's schedules never fire with it: `uv sync --locked` mends that."
    )


def _ssh_keys() -> Line:
    """What is offered to a host whose target names no key file."""
    from paramiko import Agent

    agent = Agent()
    held = len(agent.get_keys())
    agent.close()
    files = [name for name in ("id_ed25519", "id_ecdsa", "id_rsa") if Path("~/.ssh", name).expanduser().is_file()]
    found = "; ".join(filter(None, (f"the SSH agent holds {held}" if held else "", ", ".join(files))))
    todo = "Every target then names its own identity_file."
    return looked(
        "ssh keys", found or "no agent with keys, none in ~/.ssh", todo, good=bool(found), otherwise=Sign.NOTE
    )


def _prefect() -> Line:
    installed, locked = _installed("prefect"), _locked("prefect")
    found = f"{installed or 'not installed'}" + (f" (locked: {locked})" if locked else " (no uv.lock here)")
    good = installed is not None and locked in (None, installed)
    return looked("prefect", found, "Install what is locked: uv sync --locked (./run does it).", good=good)


def _bounded(name: str, below: tuple[int, ...], todo: str) -> Line:
    installed = _installed(name)
    numbers = tuple(map(int, re.findall(r"\d+", installed or "")[:2]))
    return looked(name, installed or "not installed", todo, good=(0,) < numbers < below)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _locked(name: str) -> str | None:
    try:
        packages = tomllib.loads((_CHECKOUT / "uv.lock").read_text(encoding="utf-8"))["package"]
        return next(str(package["version"]) for package in packages if package["name"] == name)
    except (OSError, ValueError, KeyError, StopIteration):
        return None


def targets() -> Iterator[Line]:
    """Every target file; one that cannot be meant is told with all that is wrong in it."""
    folder = targets_folder()
    names = target_names(folder)
    todo = "`ghcr-audit init user@host` looks at a host and writes one."
    found = f"{len(names)} in {folder}" if names else f"none in {folder}"
    yield looked(TARGETS, found, todo, good=bool(names), otherwise=Sign.NOTE)
    for name in names:
        try:
            read_target(folder / f"{name}.toml")
        except AuditError as error:
            yield Line(sign=Sign.WRONG, what=f"target {name}", found=error.message, todo="Mend the file.")
