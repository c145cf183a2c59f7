"""`ghcr-audit run` without a Prefect server of one's own: a no-echo prompt on a terminal, exit code 4 without one."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.verdicts import Verdict
from lab.demo_story import leaks
from lab.lab import Lab

PROMPT = r"New token for lab \(not shown\): "
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
LIVE_VIEWS = 3
"""Before the first token, between both, after the second: while one is typed nothing else is on the terminal."""
pytestmark = [pytest.mark.lab, pytest.mark.timeout(480)]


@pytest.fixture
def environment(lab: Lab, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A home of its own, the lab's chain as target `observer`, and incident 5."""
    targets = tmp_path / "targets"
    targets.mkdir()
    (targets / "observer.toml").write_text(lab.target_toml(), encoding="utf-8")
    lab.store_credential(lab.tokens.gh_oauth)
    yield {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "GHCR_AUDIT_TARGETS": str(targets),
        "TERM": "xterm",
    }
    lab.store_credential(lab.tokens.good)


def words(lab: Lab) -> list[str]:
    run = ("run", "observer", "--tag", lab.releases.newest_published, "--mode", "pull")
    return [sys.executable, "-m", "ghcr_audit.cli.main", *run]


@pytest.mark.long
def test_without_server_and_terminal_a_refused_credential_ends_with_exit_code_4(
    lab: Lab, environment: dict[str, str]
) -> None:
    ended = subprocess.run(
        words(lab), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, check=False
    )
    assert ended.returncode == Verdict.BLOCKED.exit_code, ended.stderr
    assert "token_scope_insufficient" in ended.stdout


@pytest.mark.long
def test_on_a_terminal_without_server_the_token_is_asked_for_without_echo(
    lab: Lab, environment: dict[str, str], tmp_path: Path
) -> None:
    wrong, good = lab.tokens.expired, lab.tokens.good
    code, shown = _on_a_terminal(words(lab), environment, answers=[wrong, good])
    assert code == 0, shown[-3000:]
    assert "token endpoint 403 DENIED" in shown
    assert shown.count(SHOW_CURSOR) == shown.count(HIDE_CURSOR) >= LIVE_VIEWS
    assert all(shown.rindex(SHOW_CURSOR, 0, at) > shown.rindex(HIDE_CURSOR, 0, at) for at in _prompts(shown))
    assert "PassedWithWarnings" in shown
    assert good not in shown
    assert wrong not in shown
    assert leaks(good, tmp_path) == []


def test_a_server_that_does_not_answer_is_told_in_one_sentence(lab: Lab, environment: dict[str, str]) -> None:
    ended = subprocess.run(
        words(lab),
        env={**environment, "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 1
    assert "server http://127.0.0.1:9/api: no answer" in ended.stderr
    assert "Traceback" not in ended.stderr


def _prompts(shown: str) -> list[int]:
    """Where the token was asked for."""
    return [found.start() for found in re.finditer(PROMPT, shown)]


def _on_a_terminal(argv: list[str], environment: dict[str, str], answers: list[str]) -> tuple[int, str]:
    """Run argv on a pseudo terminal, type one answer at each token prompt; exit code and all that was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(argv[0], argv, environment)  # noqa: S606 - the child of the fork becomes the command
    shown, given, deadline = "", 0, time.monotonic() + 200
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1)
        try:
            data = os.read(terminal, 65536) if ready else None
        except OSError:  # the other side is closed
            break
        if data == b"":
            break
        shown += (data or b"").decode("utf-8", "replace")
        if given < len(answers) and len(_prompts(shown)) > given:
            os.write(terminal, f"{answers[given]}\n".encode())
            given += 1
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown
