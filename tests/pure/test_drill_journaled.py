"""The controller's copy of a journal: each drill keeps and removes its own, and never another's."""

from pathlib import Path

import pytest

from ghcr_audit.adapters.journaled import advanced, forget
from ghcr_audit.adapters.journals import FolderJournals
from ghcr_audit.drill.journal import Step, parse, render
from tests.pure.test_drill_journal import journal

OTHER = "0198f000-0000-7000-8000-00000000000b"


def stored(journals: FolderJournals) -> tuple[str, str] | None:
    text = journals.read("observer")
    return (parse(text).run, parse(text).step.value) if text else None


@pytest.mark.parametrize("step", [Step.DEPLOYING, Step.ROLLING_BACK, Step.RESTORING, Step.CLOSING])
def test_a_drill_that_slept_leaves_the_journal_of_the_next_one(tmp_path: Path, step: Step) -> None:
    journals, sleeper, next_one = FolderJournals(tmp_path), journal(), journal(run=OTHER, by=OTHER)
    journals.write("observer", render(next_one))
    assert advanced(sleeper, step, journals).step is step
    forget(journals, sleeper)
    assert stored(journals) == (OTHER, Step.BEGUN.value)


@pytest.mark.parametrize("step", [Step.DEPLOYING, Step.CLOSING])
@pytest.mark.parametrize("there", [None, "half a jour", "own"])
def test_a_drill_keeps_and_removes_its_own(tmp_path: Path, step: Step, there: str | None) -> None:
    journals, own = FolderJournals(tmp_path), journal()
    if there is not None:
        journals.write("observer", render(own) if there == "own" else there)
    advanced(own, step, journals)
    assert stored(journals) == (own.run, step.value)
    forget(journals, own)
    assert stored(journals) is None


def test_whoever_restores_a_drill_keeps_and_removes_its_journal(tmp_path: Path) -> None:
    journals, drill = FolderJournals(tmp_path), journal()
    journals.write("observer", render(drill))
    taken_over = drill.at(Step.RESTORING, by=OTHER)
    advanced(taken_over, Step.CLOSING, journals)
    assert stored(journals) == (drill.run, Step.CLOSING.value)
    forget(journals, taken_over)
    assert stored(journals) is None
