"""From matching rules to ranked candidates: the root cause first, and never more certain than the text allows."""

from collections.abc import Iterable
from dataclasses import dataclass

from ghcr_audit.causes import DEFINITIONS, Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.advice import advice
from ghcr_audit.messages.features import Message
from ghcr_audit.messages.rule import Rank, Rule

MOST_CANDIDATES = 5
_BEHIND = 15
"""How far a rule's other causes stand behind its first: before the next rank, after an equal rule's first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One cause that explains the message: how sure, why, what would settle it, what to do."""

    cause: Cause
    certainty: Certainty
    why: str
    probe: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    score: int
    candidate: Candidate


def ranked(message: Message, rules: Iterable[Rule]) -> tuple[Candidate, ...]:
    """The candidates of all rules that match, each cause once, at most `MOST_CANDIDATES`."""
    matching = [rule for rule in rules if rule.matches(message)]
    scored = sorted((one for rule in matching for one in _candidates(rule)), key=lambda one: -one.score)
    best: dict[Cause, Candidate] = {}
    for one in scored:
        best.setdefault(one.candidate.cause, one.candidate)
    return _sober(tuple(best.values())[:MOST_CANDIDATES], contested=_contested(matching))


def _candidates(rule: Rule) -> Iterable[_Scored]:
    yield _Scored(score=rule.rank, candidate=_first(rule))
    for place, cause in enumerate(rule.others):
        why = f"The same words are also printed for this: {DEFINITIONS[cause]}"
        found = _candidate(cause, Certainty.POSSIBLE, why)
        yield _Scored(score=rule.rank - _BEHIND - place, candidate=found)


def _first(rule: Rule) -> Candidate:
    return _candidate(rule.cause, rule.certainty, rule.why, probe=rule.probe, remedy=rule.remedy)


def _candidate(cause: Cause, certainty: Certainty, why: str, *, probe: str = "", remedy: str = "") -> Candidate:
    known = advice(cause)
    return Candidate(
        cause=cause, certainty=certainty, why=why, probe=probe or known.probe, remedy=remedy or known.remedy
    )


def _contested(matching: Iterable[Rule]) -> bool:
    """Whether the text names more than one root cause."""
    return len({rule.cause for rule in matching if rule.rank is Rank.NAMED}) > 1


def _sober(candidates: tuple[Candidate, ...], *, contested: bool) -> tuple[Candidate, ...]:
    """Only the first may be proven, and only where nothing else is named."""
    return tuple(
        _at_most_likely(candidate) if contested or place else candidate for place, candidate in enumerate(candidates)
    )


def _at_most_likely(candidate: Candidate) -> Candidate:
    if candidate.certainty is not Certainty.PROVEN:
        return candidate
    return Candidate(
        cause=candidate.cause,
        certainty=Certainty.LIKELY,
        why=candidate.why,
        probe=candidate.probe,
        remedy=candidate.remedy,
    )
