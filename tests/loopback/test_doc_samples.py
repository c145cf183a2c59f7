"""The documentation's samples that need no lab: each is run, and prints what its page shows."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ghcr_audit.audit import Audit
from tests.doc_samples import Sample, Step, differences, is_shown, run, samples_of
from tests.pure.audits import recorded
from tests.pure.ledgers import MemoryBundles, new_ledger, sealed_in, walked

pytestmark = pytest.mark.loopback

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
NEEDS_THE_LAB = DOCS / "quick-start.md"
"""Run by tests/lab/test_doc_samples.py."""
SAMPLES = [
    sample
    for page in (CHECKOUT / "README.md", *sorted(DOCS.glob("*.md")))
    if page != NEEDS_THE_LAB
    for sample in samples_of(page)
]
EVIDENCE = {
    "1f0a3c1e": "healthy-pulled",
    "2b7c41d0": "tag-pushed-again-pulled",
    "3c9d07aa": "credential-expired-pulled",
}
"""The past runs that the pages speak of, by how their ids begin: recorded audits."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, signing_key: Path) -> Path:
    """What a reader has: the files of docs/samples, a folder of bundles, and the key that signed them."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(DOCS / "samples", folder, dirs_exist_ok=True)
    (folder / "evidence").mkdir()
    for beginning, name in EVIDENCE.items():
        audit = recorded(name).model_copy(update={"run": f"{beginning}-0000-4000-8000-0000000000ab"})
        (folder / "evidence" / f"evidence-{beginning}.tar.gz").write_bytes(bundle(audit))
    shutil.copy(signing_key.with_suffix(".pub"), folder / "signing.pub")
    return folder


def bundle(audit: Audit) -> bytes:
    ledger, bundles = new_ledger(audit.run), MemoryBundles()
    walked(ledger, audit)
    sealed_in(ledger, audit, bundles)
    return bundles.content


@pytest.fixture(scope="module")
def environment(folder: Path) -> Mapping[str, str]:
    """A shell without anything of this machine's but its programs, a hundred columns wide."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "GHCR_AUDIT_TARGETS": str(folder / "deployments" / "targets"),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "PYTHONUNBUFFERED": "1",  # so that both streams come in the order in which they were written
    }


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_sample_prints_what_its_page_shows(sample: Sample, folder: Path, environment: Mapping[str, str]) -> None:
    found = differences(sample, run(sample, folder, environment))
    assert not found, f"{sample}\n{found}"


def test_there_are_samples_of_every_verb_that_needs_no_host() -> None:
    commands = " ".join(step.command for sample in SAMPLES for step in sample.steps)
    verbs = ("diagnose", "lint", "redact", "verify", "schema", "history", "diff", "completion", "doctor", "check")
    assert [verb for verb in verbs if f"ghcr-audit {verb}" not in commands] == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("took … s", "took 1.5 s", True),
        ("took … s", "took 1.5 min", False),
        ("first\n…\nlast", "first\nin\nbetween\nlast", True),
        ("first\n…\nlast", "first\nin\nbetween\nlast\nmore", False),
        ("first …", "first\nsecond", False),
        ("blanks at the end", "blanks at the end  ", True),
        ("", "something", False),
    ],
)
def test_an_ellipsis_stands_for_what_it_says_and_nothing_else(shown: str, printed: str, *, same: bool) -> None:
    assert is_shown(shown, printed) is same


def test_a_sample_that_shows_something_else_is_told_with_both(tmp_path: Path) -> None:
    wrong = Sample(page=tmp_path, line=1, steps=(Step(command="echo one; false", shown="two"),))
    found = differences(wrong, run(wrong, tmp_path, {}))
    assert "-two" in found
    assert "+one" in found


def test_one_shell_runs_a_block_and_knows_the_exit_code_before(tmp_path: Path) -> None:
    steps = (Step(command="word=kept; false", shown=""), Step(command="echo $? $word", shown="1 kept"))
    sample = Sample(page=tmp_path, line=1, steps=steps)
    assert differences(sample, run(sample, tmp_path, {})) == ""


def test_a_block_that_begins_with_an_output_is_no_sample(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\nan output\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="a sample begins with a command"):
        list(samples_of(page))
