"""What reports say in words and signs, whatever their form: verdicts, outcomes, links, durations."""

from collections.abc import Sequence
from dataclasses import dataclass

from ghcr_audit.evidence import Certainty, Claim, Finding, Link, Observation, Outcome, Weight, newest
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.report.model import LinkState, Report
from ghcr_audit.verdicts import Verdict, judge

HOLDS, BROKEN, UNKNOWN, WARNING, NOT_RUN = "✓", "✗", "?", "!", "–"

_VERDICT_SIGNS = {
    Verdict.PASSED: HOLDS,
    Verdict.PASSED_WITH_WARNINGS: WARNING,
    Verdict.BROKEN: BROKEN,
    Verdict.BLOCKED: BROKEN,
    Verdict.RESTORE_FAILED: BROKEN,
    Verdict.UNKNOWN: UNKNOWN,
}
_MEANINGS = {
    Verdict.PASSED: "Every claim that was checked holds: the release can be trusted as far as the chain was walked.",
    Verdict.PASSED_WITH_WARNINGS: "Every required claim holds; what is only advised does not, or could not be seen.",
    Verdict.BROKEN: "At least one required claim is broken: this release must not be relied on.",
    Verdict.BLOCKED: "The host's registry credential was refused: what lies behind it cannot be judged until a person"
    " provides a new one.",
    Verdict.UNKNOWN: "At least one required claim could not be judged. Unknown is not fine: nothing is proven yet.",
    Verdict.RESTORE_FAILED: "What the audit moved on the host could not be put back: a person must look at it now.",
}
_NEXT_STEPS = {
    Verdict.PASSED: "Nothing is needed.",
    Verdict.PASSED_WITH_WARNINGS: "Look at the warnings; the release may stand.",
    Verdict.BROKEN: "Remove the cause, then run the audit again.",
    Verdict.BLOCKED: "Provide a new credential, then resume this run or start another.",
    Verdict.UNKNOWN: "Make visible what could not be seen, then run the audit again.",
    Verdict.RESTORE_FAILED: "Put back by hand what the report names, and look at what runs there.",
}
_CERTAINTIES = tuple(Certainty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many claims hold, are broken, are unknown."""

    holds: int
    broken: int
    unknown: int

    def __str__(self) -> str:
        return phrase(
            "{holds} hold, {broken} broken, {unknown} unknown",
            holds=self.holds,
            broken=self.broken,
            unknown=self.unknown,
        )


def meaning(verdict: Verdict) -> str:
    """What a verdict means, in one or two sentences."""
    return tell(_MEANINGS[verdict])


def next_step(verdict: Verdict) -> str:
    """What a person does after this verdict, in one sentence."""
    return tell(_NEXT_STEPS[verdict])


def verdict_word(verdict: Verdict) -> str:
    """A verdict's name; in another language than English also what it means there."""
    return told_as(verdict.value)


def link_name(link: Link) -> str:
    """What a link is called."""
    return told_as(link.value)


def certainty_word(finding: Finding) -> str:
    """How sure a finding is, in a word."""
    return told_as(finding.certainty.value)


def verdict_sign(verdict: Verdict) -> str:
    """One character for a verdict."""
    return _VERDICT_SIGNS[verdict]


def claim_sign(claim: Claim) -> str:
    """One character for a claim: an advisory one that does not hold is a warning, no more and no less."""
    if claim.outcome is Outcome.HOLDS:
        return HOLDS
    if claim.weight is Weight.ADVISORY:
        return WARNING
    return BROKEN if claim.outcome is Outcome.BROKEN else UNKNOWN


def claim_words(claim: Claim) -> str:
    """A claim's outcome with its sign: `✗ broken`, `! unknown (advisory)`."""
    advisory = claim.weight is Weight.ADVISORY and claim.outcome is not Outcome.HOLDS
    word = told_as(claim.outcome.value)
    return f"{claim_sign(claim)} {phrase('{outcome} (advisory)', outcome=word) if advisory else word}"


def link_sign(state: LinkState) -> str:
    """One character for a link. A link without claims was not run, or - without a reason for that - is unknown."""
    if not state.claims and state.not_run:
        return NOT_RUN
    return verdict_sign(judge(state.claims))


def link_words(state: LinkState) -> str:
    """How far a link came, in words: `not run`, or its tally."""
    return phrase("not run") if link_sign(state) == NOT_RUN else str(tally(state.claims))


def chain(states: Sequence[LinkState]) -> str:
    """The chain in one line: `preflight ✓ → auth ✗ → pull –`."""
    return " → ".join(f"{link_name(state.link)} {link_sign(state)}" for state in states)


def every_link(report: Report) -> tuple[LinkState, ...]:
    """All links in the chain's order; one the report does not mention was not run."""
    known = {state.link: state for state in report.links}
    missing = phrase("the audit ended before it")
    return tuple(known.get(link) or LinkState(link=link, not_run=missing) for link in Link)


def tally(claims: Sequence[Claim]) -> Tally:
    """Counts the outcomes of claims."""
    outcomes = [claim.outcome for claim in claims]
    return Tally(
        holds=outcomes.count(Outcome.HOLDS),
        broken=outcomes.count(Outcome.BROKEN),
        unknown=outcomes.count(Outcome.UNKNOWN),
    )


def all_claims(report: Report) -> tuple[Claim, ...]:
    """The claims of every link."""
    return tuple(claim for state in report.links for claim in state.claims)


def main_finding(report: Report) -> Finding | None:
    """The surest finding (of equally sure ones the first), unless all is well."""
    if report.verdict is Verdict.PASSED:
        return None
    return min(report.findings, key=lambda finding: _CERTAINTIES.index(finding.certainty), default=None)


def cited(report: Report) -> tuple[Observation, ...]:
    """The newest observation of each key that a claim or a finding leans on, in the order they were made."""
    keys = {key for claim in all_claims(report) for key in claim.evidence}
    keys |= {key for finding in report.findings for key in (*finding.evidence_for, *finding.evidence_against)}
    found = (newest(report.observations, key) for key in dict.fromkeys(o.key for o in report.observations))
    return tuple(observation for observation in found if observation and observation.key in keys)


def duration(seconds: float) -> str:
    """A time span as people say it: `850 ms`, `12.4 s`, `3 min 7 s`, `26 h 5 min`."""
    if seconds < 1:
        return phrase("{number} ms", number=round(seconds * 1000))
    if seconds < 60:  # noqa: PLR2004 - a minute
        return phrase("{number} s", number=f"{seconds:.1f}")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return phrase("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    return phrase("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def timings(report: Report) -> str:
    """How long the audit took, and how much of it was waiting for a person."""
    total = (report.finished_at - report.started_at).total_seconds()
    told = duration(max(total, 0))
    if not report.waited_s:
        return told
    waited = duration(report.waited_s)
    return phrase("{total}, of it {waited} waiting for the operator", total=told, waited=waited)
