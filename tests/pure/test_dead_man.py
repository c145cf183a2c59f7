"""What a dead-man timer says, and what drill and preflight make of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.commands import OUTPUT_CAP_BYTES
from ghcr_audit.drill.dead_man import ARMED, ASKED, LATELY, State, arm, ask, said, timer_program
from ghcr_audit.evidence import Outcome, Weight
from ghcr_audit.links import dead_man
from ghcr_audit.questions import host_questions
from ghcr_audit.targets import Target
from ghcr_audit.targets.new_file import Draft, render_target_file
from tests.pure.drill_audits import NEW, RUN, TARGET, before, drill_claims, drilled, outcome, seen

AT_S = 1_795_423_300
RESTORED = f"dead-man {AT_S} observer {RUN} restored\n"
ARGV_LIMIT_BYTES = 128 * 1024
"""Linux: of one word of a command (MAX_ARG_STRLEN)."""


def guarded() -> Target:
    assert TARGET.deploy is not None
    return TARGET.model_copy(update={"deploy": TARGET.deploy.model_copy(update={"dead_man": True})})


def test_without_the_key_nothing_is_armed_and_nobody_is_asked() -> None:
    assert (arm(TARGET, RUN), ask(TARGET, ASKED, RUN)) == ((), ())
    assert LATELY not in [command.key for command in host_questions(TARGET, NEW)]
    assert [command.key for command in (*arm(guarded(), RUN), *ask(guarded(), ASKED, RUN))] == [ARMED, ASKED]
    assert LATELY in [command.key for command in host_questions(guarded(), NEW)]


def test_the_program_fits_into_one_word_of_a_command_also_when_it_is_quoted_twice() -> None:
    (command,) = arm(guarded(), RUN)
    assert len(timer_program()) < OUTPUT_CAP_BYTES
    assert len(command.text.encode()) < ARGV_LIMIT_BYTES


def test_the_key_survives_a_target_file() -> None:
    text = render_target_file(Draft(target=guarded(), why="named"))
    assert "dead_man = true" in text.splitlines()
    assert "# dead_man = false" in render_target_file(Draft(target=TARGET, why="named")).splitlines()


@given(st.text())
def test_any_answer_of_a_timer_is_parsed_or_none(text: str) -> None:
    found = said(seen(ASKED, text))
    assert found is None or found.state in State


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"over\n{RESTORED}", "restored it at 2026-11-23 08:41:40 UTC (the host's clock)"),
        (
            f"idle\ndead-man {AT_S} observer {RUN} failed not all could be restored\n",
            "could not restore it: not all could be restored at 2026-11-23 08:41:40 UTC (the host's clock)",
        ),
        (f"busy\ndead-man {AT_S} observer {RUN} restoring nobody renewed\n", "began to restore it at 2026-11-23 08:41"),
        ("idle\n", "did nothing"),
    ],
)
def test_it_is_told_in_words(text: str, told: str) -> None:
    found = said(seen(ASKED, text))
    assert found is not None
    assert told in found.told


def test_a_drill_that_the_timer_restored_is_not_restore_failed() -> None:
    audit = before().seeing(
        seen("before.journal"),
        seen("restored.lease", stderr="refused: the lease is dead", exit_code=75),
        seen(ASKED, f"over\n{RESTORED}"),
    )
    is_, told = outcome(audit, "rollback.restored")
    assert (is_, told.startswith("the host's dead-man timer restored it")) == (Outcome.HOLDS, True)
    broken = [
        one.key
        for one in drill_claims(audit).values()
        if one.weight is Weight.RESTORE and one.outcome is not Outcome.HOLDS
    ]
    assert broken == []


@pytest.mark.parametrize("word", ["idle", "busy"])
def test_what_the_timer_has_not_finished_is_not_restored(word: str) -> None:
    audit = before().seeing(seen("before.journal"), seen(ASKED, f"{word}\n{RESTORED}"))
    assert outcome(audit, "rollback.restored")[0] is Outcome.BROKEN


def test_where_a_late_rollback_was_refused_what_the_timer_restored_is_not_told_as_where_it_landed() -> None:
    why = "refused: run a does not hold the lease (nobody does, for 0 s)"
    audit = drilled().seeing(seen("rolled_back.action", stderr=why, exit_code=75))
    for key in ("rollback.left_release", "rollback.lands_on"):
        assert outcome(audit, key) == (Outcome.UNKNOWN, f"not run: {why.removeprefix('refused: ')}")


def test_a_drill_that_went_well_is_judged_by_what_was_seen() -> None:
    audit = drilled().seeing(seen(ASKED, "idle\n"))
    assert outcome(audit, "rollback.restored")[1].startswith("compared: ")


def test_preflight_warns_for_seven_days() -> None:
    text = f"idle\n{RESTORED}"
    fresh = seen(LATELY, text).model_copy(update={"observed_at": _at(6)})
    (claim,) = dead_man.claims(before().seeing(fresh))
    assert (claim.key, claim.outcome, claim.weight) == (
        "preflight.dead_man_timer",
        Outcome.BROKEN,
        Weight.ADVISORY,
    )
    assert claim.is_.startswith(f"of the drill of run {RUN}: the host's dead-man timer restored it at ")
    old = seen(LATELY, text).model_copy(update={"observed_at": _at(8)})
    assert dead_man.claims(before().seeing(old)) == ()
    assert dead_man.claims(before().seeing(seen(LATELY, "idle\n"))) == ()


def _at(days: int) -> object:
    found = said(seen(LATELY, f"idle\n{RESTORED}"))
    assert found is not None and found.at is not None
    return found.at + timedelta(days=days)
