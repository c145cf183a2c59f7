"""The verdict follows from the claims, and less evidence never makes it better."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.evidence import Claim, Link, Outcome, Weight
from ghcr_audit.verdicts import Verdict, judge

REQUIRED, ADVISORY, GATE, RESTORE = Weight.REQUIRED, Weight.ADVISORY, Weight.GATE, Weight.RESTORE
HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN


def _claim(weight: Weight, outcome: Outcome) -> Claim:
    return Claim(key="k", link=Link.PULL, statement="the tag can be pulled", outcome=outcome, weight=weight)


claims = st.lists(st.builds(_claim, st.sampled_from(Weight), st.sampled_from(Outcome)), max_size=8)


@pytest.mark.parametrize(
    ("weight", "outcome", "alone"),
    [
        (REQUIRED, HOLDS, Verdict.PASSED),
        (REQUIRED, BROKEN, Verdict.BROKEN),
        (REQUIRED, UNKNOWN, Verdict.UNKNOWN),
        (ADVISORY, HOLDS, Verdict.PASSED),
        (ADVISORY, BROKEN, Verdict.PASSED_WITH_WARNINGS),
        (ADVISORY, UNKNOWN, Verdict.PASSED_WITH_WARNINGS),
        (GATE, HOLDS, Verdict.PASSED),
        (GATE, BROKEN, Verdict.BLOCKED),
        (GATE, UNKNOWN, Verdict.UNKNOWN),
        (RESTORE, HOLDS, Verdict.PASSED),
        (RESTORE, BROKEN, Verdict.RESTORE_FAILED),
        (RESTORE, UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_one_claim_among_holding_ones_decides(weight: Weight, outcome: Outcome, alone: Verdict) -> None:
    assert judge([_claim(weight, outcome)]) is alone
    assert judge([_claim(REQUIRED, HOLDS), _claim(weight, outcome), _claim(GATE, HOLDS)]) is alone


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([(RESTORE, BROKEN), (GATE, BROKEN)], Verdict.RESTORE_FAILED),
        ([(REQUIRED, BROKEN), (GATE, BROKEN)], Verdict.BLOCKED),
        ([(REQUIRED, UNKNOWN), (GATE, BROKEN)], Verdict.BLOCKED),
        ([(REQUIRED, BROKEN), (GATE, UNKNOWN)], Verdict.BROKEN),
        ([(REQUIRED, UNKNOWN), (REQUIRED, BROKEN)], Verdict.BROKEN),
        ([(ADVISORY, BROKEN), (REQUIRED, UNKNOWN)], Verdict.UNKNOWN),
        ([(ADVISORY, UNKNOWN), (REQUIRED, HOLDS)], Verdict.PASSED_WITH_WARNINGS),
        ([], Verdict.UNKNOWN),
    ],
)
def test_of_several_claims_the_worst_word_stands(outcomes: list[tuple[Weight, Outcome]], verdict: Verdict) -> None:
    in_order = [_claim(weight, outcome) for weight, outcome in outcomes]
    assert judge(in_order) is verdict
    assert judge(in_order[::-1]) is verdict


@given(claims, st.data())
def test_forgetting_an_outcome_never_lets_a_release_pass(seen: list[Claim], data: st.DataObject) -> None:
    forgotten = [data.draw(st.booleans()) for _ in seen]
    fewer = [
        claim.model_copy(update={"outcome": UNKNOWN}) if gone else claim
        for claim, gone in zip(seen, forgotten, strict=True)
    ]
    if any(gone and claim.weight is not ADVISORY for claim, gone in zip(seen, forgotten, strict=True)):
        assert not judge(fewer).passed
    if judge(fewer) is Verdict.PASSED:
        assert judge(seen) is Verdict.PASSED


@given(claims)
def test_a_pass_means_that_every_required_claim_holds(seen: list[Claim]) -> None:
    all_hold = all(claim.outcome is HOLDS for claim in seen if claim.weight is not ADVISORY)
    assert judge(seen).passed == (bool(seen) and all_hold)


def test_each_verdict_has_its_exit_code() -> None:
    codes = {verdict.value: verdict.exit_code for verdict in Verdict}
    assert codes == {
        "Passed": 0,
        "PassedWithWarnings": 0,
        "Broken": 3,
        "Blocked": 4,
        "Unknown": 5,
        "RestoreFailed": 6,
    }
