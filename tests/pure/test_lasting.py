"""How long the host's stored token still lasts: a warning at 14, 7, 3 and 1 days, and no word where nobody tells."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Outcome
from ghcr_audit.links.lasting import STEPS_DAYS, Lasting, claims, in_words
from ghcr_audit.token_facts import HOST_TOKEN
from ghcr_audit.verdicts import Verdict
from tests.pure.audits import answer, claim, recorded, report, without

pytestmark = pytest.mark.pure

SEEN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def expiring(left: timedelta) -> Audit:
    """A healthy audit whose host stores a token that ends so long after it was seen."""
    text = f"kind ghp_\nuser 200\nGitHub-Authentication-Token-Expiration {SEEN + left:%Y-%m-%d %H:%M:%S} UTC\n"
    seen = answer(HOST_TOKEN, text, like=recorded("healthy"))
    return recorded("healthy").seeing(seen.model_copy(update={"observed_at": SEEN}))


@pytest.mark.parametrize(
    ("hours", "step"),
    [(24 * 30, None), (24 * 14 + 1, None), (24 * 14, 14), (24 * 7 + 1, 14), (24 * 7, 7), (24 * 3, 3), (25, 3), (24, 1),
     (1, 1)],
)  # fmt: skip
def test_each_step_begins_when_so_many_days_are_left(hours: int, step: int | None) -> None:
    assert Lasting(expires_at=SEEN + timedelta(hours=hours), seen_at=SEEN).step == step


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)))
def test_less_time_never_means_a_later_step(left: timedelta) -> None:
    step = Lasting(expires_at=SEEN + left, seen_at=SEEN).step
    assert step is None if left > timedelta(days=STEPS_DAYS[0]) else step is not None and left <= timedelta(days=step)


def test_a_token_that_ends_soon_is_a_warning_and_no_more() -> None:
    audit = expiring(timedelta(days=2, hours=20))
    found = claim(audit, "auth.credential_lasts")
    assert found is not None
    assert (found.outcome, found.is_) == (
        Outcome.BROKEN,
        "it expires at 2026-11-04 08:00 UTC, 2 days from when this was seen",
    )
    assert report(audit).verdict is Verdict.PASSED_WITH_WARNINGS


def test_a_token_that_lasts_holds() -> None:
    found = claim(expiring(timedelta(days=90)), "auth.credential_lasts")
    assert found is not None
    assert found.outcome is Outcome.HOLDS


def test_nothing_is_claimed_where_nobody_tells_or_the_token_has_ended() -> None:
    assert claims(without(recorded("healthy"), HOST_TOKEN)) == ()
    assert claims(expiring(-timedelta(hours=1))) == ()


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=13, hours=23), "13 days"),
        (timedelta(days=1, hours=1), "1 day"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(minutes=61), "1 hour"),
        (timedelta(minutes=59), "0 hours"),
    ],
)
def test_what_is_left_is_rounded_down(left: timedelta, words: str) -> None:
    assert in_words(left) == words
