"""One link's claims as the rows of a table artifact. Prefect renders its cells as Markdown: they are escaped."""

from collections.abc import Sequence

from ghcr_audit.evidence import Claim, Observation, newest
from ghcr_audit.markdown_text import NOTHING, cell, code
from ghcr_audit.report_model import LinkState
from ghcr_audit.report_words import claim_words

COLUMNS = ("Claim", "Verdict", "Found", "Evidence")


def claim_row(claim: Claim, observations: Sequence[Observation]) -> tuple[str, ...]:
    """A claim as Markdown cells, one for each of `COLUMNS`."""
    return (cell(claim.statement), claim_words(claim), cell(claim.is_), _evidence(claim, observations))


def link_table(state: LinkState, observations: Sequence[Observation]) -> list[dict[str, str]]:
    """The rows of a Prefect table artifact; a link that was not run has one row that says why."""
    rows = [claim_row(claim, observations) for claim in state.claims]
    if not rows:
        reason = state.not_run or "no claim was judged"
        rows = [(f"link {state.link.value}", "– not run" if state.not_run else "? unknown", cell(reason), NOTHING)]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def _evidence(claim: Claim, observations: Sequence[Observation]) -> str:
    """The keys of what a claim leans on; one that nobody observed is named as such."""
    return ", ".join(_key(key, newest(observations, key)) for key in claim.evidence) or NOTHING


def _key(key: str, observation: Observation | None) -> str:
    if observation is None:
        return f"{code(key)} (not observed)"
    return code(key) if observation.failure is None else f"{code(key)} (failed)"
