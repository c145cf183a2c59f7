"""What `check` imports: its start is time that somebody waits for."""

import subprocess
import sys

import pytest

from bench.measure_check import EVERYTHING

pytestmark = pytest.mark.pure

NEVER = ("prefect", "docker", "rich", "markdown_it", "asyncio", "unittest", "invoke")
FOR_LATER = ("urllib3", "ssl", "yaml", "paramiko", "ghcr_audit.diagnosis", "ghcr_audit.report.markdown")
FOR_A_DRILL = (
    "ghcr_audit.diagnosis.drill",
    "ghcr_audit.drill.journal",
    "ghcr_audit.drill.summary",
    "ghcr_audit.links.deploy",
    "ghcr_audit.links.rollback",
)
FOR_WORDS_OF_AN_ENGINE = ("ghcr_audit.messages",)
NO_PLUGINS = """
import importlib.metadata
importlib.metadata.entry_points = None  # whoever looks for plugins fails
"""


def loaded(program: str, *names: str) -> str:
    """Which of these modules are there after this program."""
    ask = f"{program}\nimport sys\nprint([name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_nothing_that_check_does_not_need_is_ever_imported_by_it() -> None:
    assert loaded(EVERYTHING, *NEVER) == "[]"


def test_what_judges_a_drill_or_reads_an_error_waits_until_there_is_one() -> None:
    assert loaded(EVERYTHING, *FOR_A_DRILL, *FOR_WORDS_OF_AN_ENGINE) == "[]"


def test_no_plugin_of_pydantics_is_looked_for() -> None:
    assert loaded(NO_PLUGINS + EVERYTHING, "pydantic") == "['pydantic']"


def test_until_the_host_is_asked_only_what_asks_it_is_imported() -> None:
    assert loaded("import ghcr_audit.cli.main, ghcr_audit.cli.check", *NEVER, *FOR_LATER) == "[]"


def test_paramiko_without_invoke_leaves_invoke_to_others() -> None:
    program = "import ghcr_audit.adapters.ssh, invoke\nassert invoke.run"
    assert loaded(program, "invoke", "paramiko") == "['invoke', 'paramiko']"
