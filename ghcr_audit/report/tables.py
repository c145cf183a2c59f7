"""One link's claims as the rows of a table artifact. Prefect renders its cells as Markdown: they are escaped."""

from collections.abc import Sequence

from ghcr_audit.evidence import Claim, Observation, newest
from ghcr_audit.language import phrase
from ghcr_audit.report.model import LinkState
from ghcr_audit.report.told import told_state
from ghcr_audit.report.words import claim_words, link_name
from ghcr_audit.text.markdown import NOTHING, cell, code

_VERDICT_FIRST = (1, 0, 2, 3)


def columns() -> tuple[str, ...]:
    """What the columns are called."""
    return phrase("Claim"), phrase("Verdict"), phrase("Found"), phrase("Evidence")


def claim_row(claim: Claim, observations: Sequence[Observation]) -> tuple[str, ...]:
    """A claim as Markdown cells, one for each of the `columns`."""
    return (cell(claim.statement), claim_words(claim), cell(claim.is_), _evidence(claim, observations))


def link_table(state: LinkState, observations: Sequence[Observation]) -> list[dict[str, str]]:
    """The rows of a Prefect table artifact; a link that was not run has one row that says why.

    The verdict comes first: Prefect's pages do not wrap cells, and show the first columns of a wide table.
    """
    state = told_state(state)
    rows = [claim_row(claim, observations) for claim in state.claims]
    if not rows:
        name, reason = phrase("link {name}", name=link_name(state.link)), state.not_run or phrase("no claim was judged")
        rows = [(name, phrase("– not run") if state.not_run else phrase("? unknown"), cell(reason), NOTHING)]
    names = columns()
    return [{names[at]: row[at] for at in _VERDICT_FIRST} for row in rows]


def _evidence(claim: Claim, observations: Sequence[Observation]) -> str:
    """The keys of what a claim leans on; one that nobody observed is named as such."""
    return ", ".join(_key(key, newest(observations, key)) for key in claim.evidence) or NOTHING


def _key(key: str, observation: Observation | None) -> str:
    if observation is None:
        return phrase("{key} (not observed)", key=code(key))
    return code(key) if observation.failure is None else phrase("{key} (failed)", key=code(key))
