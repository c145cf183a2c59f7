"""Past runs by the verbs that make, list, draw and compare them: of a host that nobody reaches."""

import json
from pathlib import Path

import pytest

from ghcr_audit.cli.main import main
from ghcr_audit.verdicts import Verdict
from tests.loopback.test_verify_cli import TARGET

pytestmark = pytest.mark.loopback

UNKNOWN = Verdict.UNKNOWN.exit_code


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with target `lab` in it, and the bundles of two checks."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "lab.toml").write_text(TARGET, encoding="utf-8")
    for _ in range(2):
        assert checked(folder, "--bundle", str(folder)) == UNKNOWN
    return folder


def checked(folder: Path, *words: str) -> int:
    return main(["check", str(folder / "lab.toml"), "--tag", "20260101-000000", *words])


def test_bundles_that_check_left_are_listed_and_compared(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", str(evidence / "lab.toml"), "--bundles", str(evidence), "--json"]) == 0
    runs = [one["past"]["run"] for one in json.loads(capsys.readouterr().out)["runs"]]
    assert len(runs) == 2
    assert main(["diff", runs[1], runs[0], "--bundles", str(evidence)]) == 0
    assert "Nothing that both runs saw has changed." in capsys.readouterr().out
    assert main(["diff", "lab", "--bundles", str(evidence)]) == 2
    assert "no earlier run of 'lab' passed" in capsys.readouterr().err


def test_earlier_runs_are_drawn_in_the_page_of_the_next(evidence: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert checked(evidence, "--history", str(evidence), "--report", f"html:{page}") == UNKNOWN
    assert "0 of 3 runs passed." in page.read_text(encoding="utf-8")
    assert checked(evidence, "--report", f"html:{page}") == UNKNOWN
    assert "runs passed" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--history", "{folder}"], "--history: no form is wished that draws earlier runs"),
        (
            ["--history", "{folder}/absent", "--report", "html:{folder}/x.html"],
            "bundles: {folder}/absent: no such folder",
        ),
        (["--bundle", "{folder}/absent/"], "--bundle: there is no folder for '{folder}/absent/'"),
    ],
)
def test_a_place_that_cannot_be_meant_is_told_before_anything_is_audited(
    evidence: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert checked(evidence, *(word.format(folder=evidence) for word in words)) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[0]) == ("", f"ghcr-audit: {told.format(folder=evidence)}")


def test_quiet_tells_the_verdict_and_what_to_do_and_nothing_else(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(evidence, "--quiet") == UNKNOWN
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith("? ghcr-audit: lab 20260101-000000 - Unknown\ndo     ")
    assert "preflight" not in said.out
