"""`ghcr-audit` as a process of its own, with a HOME and targets of its own; and what must not change on the host."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.lab import Lab

LIMIT_S = 60
_SHARED = (Path("/tmp"), Path("/dev/shm"))  # noqa: S108 - where a careless script would leave something


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """Runs verbs with `home` as HOME (no SSH keys, no known hosts) and `targets` as the folder of target files."""

    home: Path
    targets: Path

    def __call__(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        own = {
            "HOME": str(self.home),
            "GHCR_AUDIT_TARGETS": str(self.targets),
            "PREFECT_HOME": str(self.home / "prefect"),
        }
        return subprocess.run(
            [sys.executable, "-m", "ghcr_audit.cli.main", *words],
            env={**kept, **own, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def target(self, name: str, text: str) -> Path:
        """Write a target file."""
        file = self.targets / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        return file


def command_line(folder: Path) -> CommandLine:
    """A command line that lives in `folder`."""
    for name in ("home", "targets"):
        (folder / name).mkdir()
    return CommandLine(home=folder / "home", targets=folder / "targets")


def says(done: "subprocess.CompletedProcess[str]", sentence: str) -> bool:
    """Whether the process printed this sentence, wherever its lines were broken."""
    return "".join(sentence.split()) in "".join((done.stdout + done.stderr).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What a read-only verb must leave as it is."""

    images: tuple[str, ...]
    containers: tuple[str, ...]
    stored_config: str
    home: tuple[str, ...]
    left_behind: tuple[str, ...]
    """The deploy user's entries in shared temporary folders."""


def state_of_host(lab: Lab) -> HostState:
    """The host as it is now, seen past SSH and past the deploy user."""
    return HostState(
        images=_docker(
            lab, "image", "ls", "--all", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.Digest}} {{.ID}}"
        ),
        containers=_docker(lab, "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Image}}"),
        stored_config=lab.stored_config(),
        home=tuple(sorted(map(_entry, (lab.folder / "home").rglob("*")))),
        left_behind=_left_behind((lab.folder / "home").stat().st_uid),
    )


def _docker(lab: Lab, *words: str) -> tuple[str, ...]:
    done = lab.docker(*words)
    assert done.returncode == 0, done.stderr
    return tuple(sorted(done.stdout.decode().splitlines()))


def _entry(path: Path) -> str:
    facts = path.lstat()
    changed = "" if path.is_dir() else f"{facts.st_size} {facts.st_mtime_ns}"
    return f"{path} {facts.st_mode:o} {facts.st_uid} {changed}"


def _left_behind(user_id: int) -> tuple[str, ...]:
    return tuple(sorted(str(path) for folder in _SHARED for path in folder.iterdir() if _owner(path) == user_id))


def _owner(path: Path) -> int:
    try:
        return path.lstat().st_uid
    except FileNotFoundError:  # another process's, gone meanwhile
        return -1
