"""Less evidence is never better, and no text that a host can send makes the audit crash or pass."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.audit import Audit
from ghcr_audit.links import claims
from ghcr_audit.verdicts import Verdict, judge
from tests.pure.audits import NAMES, claim, recorded, report, saying, without

pytestmark = pytest.mark.pure

KEYS = tuple(sorted({one.key for name in NAMES for one in recorded(name).observations}))

cases = st.sampled_from(NAMES)
some_keys = st.sets(st.sampled_from(KEYS), max_size=len(KEYS))
lines = st.sampled_from(
    [
        "challenge 401",
        "token 200",
        "token 403 DENIED x",
        "tags 200 complete",
        "tags 404 NAME_UNKNOWN",
        "lacks curl",
        "lacks credential",
        "state present",
        "source helper-missing:x",
        "kind ghp_",
        '{"id": "x"}',
        "null",
        "²",
    ]
)
texts = st.text(max_size=60) | st.lists(lines | st.text(max_size=20), max_size=6).map("\n".join)


def verdict(audit: Audit) -> Verdict:
    return judge(claims(audit))


BEFORE = {name: verdict(recorded(name)) for name in NAMES}
PASSED = tuple(name for name in NAMES if BEFORE[name] is Verdict.PASSED)


def not_better(after: Verdict, before: Verdict) -> bool:
    """Passed only where it passed before, without warnings only where there were none."""
    return (before.passed or not after.passed) and (after is not Verdict.PASSED or before is Verdict.PASSED)


def test_there_are_audits_that_passed() -> None:
    assert len(PASSED) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_dropping_any_one_kind_of_evidence_is_never_better(name: str) -> None:
    audit = recorded(name)
    for key in {one.key for one in audit.observations}:
        assert not_better(verdict(without(audit, key)), BEFORE[name]), key


@pytest.mark.parametrize("name", PASSED)
def test_an_audit_passes_only_while_everything_that_a_claim_cites_was_seen(name: str) -> None:
    """Unless another vantage point says the same: then that one is cited instead."""
    audit = recorded(name)
    for key in {one.key for one in audit.observations}:
        after = without(audit, key)
        still = verdict(after) is Verdict.PASSED
        leaning = [found.key for found in claims(audit) if key in found.evidence]
        assert still or leaning, key
        if still:
            assert all(_seen_from(after, about) for about in leaning), key


def _seen_from(audit: Audit, about: str) -> bool:
    found = claim(audit, about)
    return found is not None and any(key.startswith("registry.") for key in found.evidence)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_observed_is_nothing_proven(name: str) -> None:
    assert verdict(recorded(name).anew()) is Verdict.UNKNOWN


@settings(max_examples=200, deadline=None)
@given(cases, some_keys)
def test_dropping_any_evidence_is_never_better(name: str, dropped: set[str]) -> None:
    audit = recorded(name)
    assert not_better(verdict(without(audit, *dropped)), BEFORE[name])


@settings(max_examples=200, deadline=None)
@given(cases, st.sampled_from(KEYS), texts)
def test_no_text_in_place_of_an_answer_crashes_or_turns_failure_into_success(name: str, key: str, text: str) -> None:
    audit = recorded(name)
    assert BEFORE[name].passed or not verdict(saying(audit, key, text)).passed


@settings(max_examples=80, deadline=None)
@given(cases, st.dictionaries(st.sampled_from(KEYS), st.tuples(texts, texts, st.integers(0, 255)), max_size=6))
def test_no_answers_at_all_crash_the_report(name: str, answers: dict[str, tuple[str, str, int]]) -> None:
    audit = recorded(name)
    for key, (stdout, stderr, exit_code) in answers.items():
        audit = saying(audit, key, stdout, stderr=stderr, exit_code=exit_code)
    assert report(audit).verdict in Verdict
