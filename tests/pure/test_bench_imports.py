"""What `check` imports: its start is time that somebody waits for."""

import subprocess
import sys

import pytest

from bench.measure_check import EVERYTHING

pytestmark = pytest.mark.pure

NEVER = ("prefect", "docker", "rich", "markdown_it", "asyncio", "unittest", "invoke")
FOR_LATER = ("urllib3", "ssl", "yaml", "paramiko", "ghcr_audit.diagnosis", "ghcr_audit.report_markdown")


def loaded(program: str, *names: str) -> str:
    """Which of these modules are there after this program."""
    ask = f"{program}\nimport sys\nprint([name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_nothing_that_check_does_not_need_is_ever_imported_by_it() -> None:
    assert loaded(EVERYTHING, *NEVER) == "[]"


def test_until_the_host_is_asked_only_what_asks_it_is_imported() -> None:
    assert loaded("import ghcr_audit.cli.main, ghcr_audit.cli.check", *NEVER, *FOR_LATER) == "[]"


def test_paramiko_without_invoke_leaves_invoke_to_others() -> None:
    program = "import ghcr_audit.adapters.ssh, invoke\nassert invoke.run"
    assert loaded(program, "invoke", "paramiko") == "['invoke', 'paramiko']"
