"""The tables hold together: what a contributor adds is checked before any message is."""

import pytest

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty
from ghcr_audit.messages.advice import advice
from ghcr_audit.messages.features import read_message
from ghcr_audit.messages.rank import MOST_CANDIDATES, ranked
from ghcr_audit.messages.rule import GAP, Rank, Rule
from ghcr_audit.messages.tables import RULES

PHRASES = [
    (rule.name, phrase) for rule in RULES for phrases in (rule.says, rule.and_says, rule.never) for phrase in phrases
]


def rule(**fields: object) -> Rule:
    given = {"name": "a rule", "cause": Cause.DISK_FULL, "why": "Because.", **fields}
    return Rule(**given)  # type: ignore[arg-type]


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [one.name for one in RULES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_a_rule_asks_for_something_and_names_each_cause_once(one: Rule) -> None:
    asks = one.says or one.code or one.status or one.sent or one.holds
    assert asks
    assert one.why.endswith((".", "`."))
    assert len({one.cause, *one.others}) == 1 + len(one.others)


def test_phrases_are_written_as_messages_are_read() -> None:
    unreadable = [(name, phrase) for name, phrase in PHRASES if phrase != phrase.lower() or "  " in phrase]
    assert unreadable == []


def test_a_phrase_has_words_on_both_sides_of_a_gap() -> None:
    assert [phrase for _, phrase in PHRASES if not all(piece.strip() for piece in phrase.split(GAP))] == []


def test_only_named_causes_are_called_proven() -> None:
    assert [one.name for one in RULES if one.certainty is Certainty.PROVEN and one.rank is not Rank.NAMED] == []


def test_there_is_advice_for_every_cause_that_a_rule_names() -> None:
    causes = {cause for one in RULES for cause in (one.cause, *one.others)}
    assert [cause for cause in causes if not advice(cause).probe] == []


def test_a_gap_stays_within_a_sentence_and_keeps_the_order() -> None:
    one = rule(says=("disk … full",))
    assert one.matches(read_message("the disk is nearly full"))
    assert one.matches(read_message("the disk\n  is nearly full")), "an indented line goes on with the one before"
    assert not one.matches(read_message("the disk\nis nearly full"))
    assert not one.matches(read_message("full is the disk"))


def test_a_phrase_is_found_where_a_terminal_broke_the_line() -> None:
    assert rule(says=("no space left",)).matches(read_message("no space\n   left"))
    assert rule(says=("no space left",)).matches(read_message("No  Space\nLeft"))


def test_every_condition_has_to_hold() -> None:
    message = read_message("disk full, error 503 service unavailable", operation="pull", registry="ghcr.io")
    assert rule(says=("disk",), and_says=("full",), status=(503,)).matches(message)
    assert not rule(says=("disk",), and_says=("empty",)).matches(message)
    assert not rule(says=("disk",), never=("full",)).matches(message)
    assert not rule(says=("disk",), status=(404,)).matches(message)
    assert not rule(says=("disk",), holds=lambda _: False).matches(message)


def test_code_and_message_must_be_those_of_one_refusal() -> None:
    message = read_message("denied: denied\nunauthorized: authentication required")
    assert rule(code=("denied",), message=("denied",)).matches(message)
    assert not rule(code=("denied",), message=("authentication required",)).matches(message)


def test_the_higher_rank_speaks_first_and_a_cause_stands_once() -> None:
    rules = (
        rule(name="low", says=("x",), rank=Rank.VAGUE, cause=Cause.OTHER),
        rule(name="high", says=("x",), rank=Rank.NAMED, others=(Cause.OTHER, Cause.DNS_FAILURE)),
    )
    found = ranked(read_message("x"), rules)
    assert [one.cause for one in found] == [Cause.DISK_FULL, Cause.OTHER, Cause.DNS_FAILURE]
    assert found[1].certainty is Certainty.POSSIBLE


def test_only_the_first_may_be_proven_and_few_are_told() -> None:
    rules = tuple(
        rule(name=str(cause), says=("x",), rank=Rank.NAMED, certainty=Certainty.PROVEN, cause=cause) for cause in Cause
    )
    found = ranked(read_message("x"), rules)
    assert len(found) == MOST_CANDIDATES
    assert {one.certainty for one in found} == {Certainty.LIKELY}
    alone = ranked(read_message("x"), rules[:1])
    assert [one.certainty for one in alone] == [Certainty.PROVEN]
