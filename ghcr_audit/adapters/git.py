"""The repository whose tags are released, read through the git command: never written, never fetched."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ghcr_audit.adapters.clock import Stopwatch
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.redaction import current_redactor

TAG_FORMAT = "%(refname:strip=2) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end) %(creatordate:unix)"
GIT_LIMIT_S = 20
_CAP_CHARS = 2_000_000

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "git.status": ("status", "--porcelain=v1"),
    "git.head": ("log", "-1", "--format=%H %cI %D"),
    "git.tags": ("for-each-ref", "refs/tags", f"--format={TAG_FORMAT}"),
}


def observe_repository(path: str) -> tuple[Observation, ...]:
    """Work tree, head and tags of the repository at `path`, as three observations."""
    folder = Path(path).expanduser()
    return tuple(_asked(key, folder, argv) for key, argv in _QUESTIONS.items())


def _asked(key: str, folder: Path, argv: tuple[str, ...]) -> Observation:
    watch = Stopwatch()
    run = _run(folder, argv)
    redact = current_redactor().redact
    return Observation(
        key=key,
        link=Link.PREFLIGHT,
        vantage=Vantage.CONTROLLER,
        where=f"repository {folder.name}",
        asked=" ".join(("git", *argv)),
        observed_at=watch.began_at,
        duration_ms=watch.ms,
        exit_code=None if isinstance(run, str) else run.returncode,
        stdout="" if isinstance(run, str) else redact(run.stdout[:_CAP_CHARS]),
        stderr="" if isinstance(run, str) else redact(run.stderr[:2000]),
        cut=not isinstance(run, str) and len(run.stdout) > _CAP_CHARS,
        failure=Cause.OTHER if isinstance(run, str) else None,
        failure_text=run if isinstance(run, str) else "",
    )


def _run(folder: Path, argv: tuple[str, ...]) -> "subprocess.CompletedProcess[str] | str":
    """The ended process, or why there is none.

    No hook, pager, prompt or file-system monitor of the repository's own configuration is started.
    """
    try:
        return subprocess.run(
            git_argv(folder, argv),
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=GIT_LIMIT_S,
            env=git_environment(),
            check=False,
        )
    except FileNotFoundError:
        return "git is not installed on the controller"
    except subprocess.TimeoutExpired:
        return f"git gave no answer in {GIT_LIMIT_S} s"


def git_argv(folder: Path, argv: Iterable[str]) -> list[str]:
    """The command that asks the repository in this folder."""
    return ["git", "-C", str(folder), "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *argv]


def git_environment() -> dict[str, str]:
    """No locks, no prompts, and no transport: a partial clone must not fetch what it lacks."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return environment | quiet | {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
