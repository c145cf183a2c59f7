"""A drill whose controller comes back late, and one whose controller's clock is wrong: what the host says counts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.drill.journal import host_time
from ghcr_audit.evidence import Outcome, Weight
from ghcr_audit.links.dead_man import closed_by_another
from tests.pure.drill_audits import before, drill_claims, outcome, seen

pytestmark = pytest.mark.pure

RUN = "4f7f9aa2-9b0e-4d5f-8c57-0d8a55f3a001"
OVER = f"the drill of run {RUN} is over: this host was restored, and the drill closed"


def test_a_drill_begins_when_the_hosts_clock_says_so() -> None:
    assert host_time(f"lease of 20 s for run {RUN} at 1763900000\n") == datetime(2025, 11, 23, 12, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("words", ["", f"lease of 20 s for run {RUN}\n", f"lease of 20 s for run {RUN} at noon\n"])
def test_a_host_that_does_not_say_when_is_no_error(words: str) -> None:
    assert host_time(words) is None


@given(st.text())
def test_whatever_a_host_says_is_a_time_or_none(words: str) -> None:
    for text in (words, f"lease of {words} at {words}", f"lease of 5 s at {abs(hash(words)) % 10**11}"):
        found = host_time(text)
        assert found is None or found.tzinfo is UTC


def test_a_drill_that_another_run_closed_is_not_restore_failed() -> None:
    audit = before().seeing(
        seen("before.journal"),
        seen("restored.lease"),
        seen("restored.journal", stderr=f"refused: {OVER}\n", exit_code=75),
    )
    assert outcome(audit, "rollback.restored") == (Outcome.HOLDS, OVER)
    assert [
        one.key
        for one in drill_claims(audit).values()
        if one.weight is Weight.RESTORE and one.outcome is not Outcome.HOLDS
    ] == []


@pytest.mark.parametrize(
    "stderr", ["", "refused: the journal is at step closing", "refused: the drill of run x is over"]
)
def test_another_refusal_says_nothing_of_that(stderr: str) -> None:
    assert closed_by_another(before().seeing(seen("restored.journal", stderr=stderr, exit_code=75))) == ""


def test_nor_is_one_whose_lease_is_refused_for_that() -> None:
    audit = before().seeing(seen("before.journal"), seen("restored.lease", stderr=f"refused: {OVER}\n", exit_code=75))
    assert outcome(audit, "rollback.restored") == (Outcome.HOLDS, OVER)
