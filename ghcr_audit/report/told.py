"""The report with its sentences in the language that is spoken: what each form of it is rendered from.

Translated before anything is escaped for a form, so that no form can forget it. Evidence stays as it was seen; so do
keys, causes, states' names: those are looked up by what renders them.
"""

from ghcr_audit.evidence import Attempt, Claim, Finding, Observation, Remedy
from ghcr_audit.language import Language, spoken, tell, told_as
from ghcr_audit.report.model import DrillRow, DrillSummary, LinkState, Report


def told_report(report: Report) -> Report:
    """The report told; the same value in English."""
    if spoken() is Language.ENGLISH:
        return report
    return report.model_copy(
        update={
            "host": told_as(report.host),
            "links": tuple(map(told_state, report.links)),
            "findings": tuple(map(_finding, report.findings)),
            "attempts": tuple(map(_attempt, report.attempts)),
            "observations": tuple(map(_observation, report.observations)),
            "drill": _drill(report.drill) if report.drill is not None else None,
        }
    )


def told_state(state: LinkState) -> LinkState:
    """A link's claims told, or why it was not walked."""
    if spoken() is Language.ENGLISH:
        return state
    return state.model_copy(update={"not_run": tell(state.not_run), "claims": tuple(map(_claim, state.claims))})


def _claim(claim: Claim) -> Claim:
    return claim.model_copy(update={"statement": tell(claim.statement), "is_": tell(claim.is_)})


def _finding(finding: Finding) -> Finding:
    told = {"subject": tell(finding.subject), "summary": tell(finding.summary)}
    return finding.model_copy(update={**told, "remedy": _remedy(finding.remedy) if finding.remedy else None})


def _remedy(remedy: Remedy) -> Remedy:
    return remedy.model_copy(update={"text": tell(remedy.text)})


def _attempt(attempt: Attempt) -> Attempt:
    told = {name: tell(getattr(attempt, name)) for name in ("outcome", "asked_summary", "way")}
    return attempt.model_copy(update=told)


def _observation(observation: Observation) -> Observation:
    """Where it was seen, if that is a word of ours, and why it could not be: the rest is evidence."""
    told = {"where": told_as(observation.where), "failure_text": tell(observation.failure_text)}
    return observation.model_copy(update=told)


def _drill(drill: DrillSummary) -> DrillSummary:
    rows = tuple(map(_row, drill.rows))
    return drill.model_copy(update={"rows": rows, "back_to_source": tell(drill.back_to_source)})


def _row(row: DrillRow) -> DrillRow:
    """`healthy` stays: it is looked for where the words are chosen."""
    return row if row.settled in ("", "healthy") else row.model_copy(update={"settled": told_as(row.settled)})
