"""The report's short form for a CI job's summary ($GITHUB_STEP_SUMMARY): verdict, cause, remedy, what does not hold.

GitHub shows it as GitHub-flavoured Markdown. Everything foreign passes `text.markdown`, as in the whole report, and is
cut before that; the whole is bounded in bytes, well below GitHub's own limit of 1 MiB a step.
"""

from collections.abc import Iterator
from itertools import accumulate

from ghcr_audit.evidence import Claim, Finding, Outcome
from ghcr_audit.language import phrase, told_as
from ghcr_audit.report.drill import downtime_words, headline, took_words
from ghcr_audit.report.model import DrillSummary, LinkState, Report
from ghcr_audit.report.told import told_report
from ghcr_audit.report.words import (
    all_claims,
    certainty_word,
    chain,
    claim_words,
    every_link,
    link_name,
    main_finding,
    meaning,
    next_step,
    tally,
    timings,
    verdict_sign,
    verdict_word,
)
from ghcr_audit.text.markdown import cell, code, fence, inline, table
from ghcr_audit.text.terminal import bounded, one_line

LIMIT_BYTES = 64 * 1024
"""Of the whole summary, in UTF-8."""
_TEXT_CHARS = 600
_CELL_CHARS = 300
_COMMANDS_CHARS = 4000
_ROWS_BYTES = 40 * 1024
"""Of the rows of what does not hold: the rest is counted."""


def render_summary(report: Report) -> str:
    """The Markdown, LIMIT_BYTES at most, ending in a newline: whole blocks, the most important first."""
    kept: list[str] = []
    left_out = phrase("The rest did not fit here: it stands in the whole report.")
    room = LIMIT_BYTES - len(left_out.encode()) - 2
    for block in _blocks(told_report(report)):
        room -= len(block.encode()) + 2
        if room < 0:
            kept.append(left_out)
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _blocks(report: Report) -> Iterator[str]:
    yield f"## {verdict_sign(report.verdict)} {_cut(report.target)} {_cut(report.tag)}: {verdict_word(report.verdict)}"
    yield meaning(report.verdict)
    yield from _cause(main_finding(report))
    yield fence(chain(every_link(report)))
    if report.drill is not None:
        yield from _drill(report.drill)
    yield from _not_holding(report)
    yield phrase("Next step: {step}", step=next_step(report.verdict))
    yield table((phrase("Audit"), phrase("Value")), list(_about(report)))


def _cut(text: str) -> str:
    """Foreign prose on one line, cut, and made text."""
    return inline(_short(text, _TEXT_CHARS))


def _cause(found: Finding | None) -> Iterator[str]:
    if found is None:
        return
    cause = f"{code(found.cause.value)} ({certainty_word(found)})"
    yield phrase("**Cause:** {cause}. {summary}", cause=cause, summary=_cut(found.summary))
    if found.remedy is None:
        return
    yield phrase("**What to do:** {remedy}", remedy=_cut(found.remedy.text))
    if found.remedy.commands:
        yield fence(bounded("\n".join(found.remedy.commands), _COMMANDS_CHARS)[0], "sh")


def _drill(drill: DrillSummary) -> Iterator[str]:
    yield f"**{_cut(headline(drill))}**"
    rows: list[tuple[str, ...]] = [
        (told_as(row.phase.value.replace("_", " ")), took_words(row), downtime_words(row)) for row in drill.rows
    ]
    if rows:
        yield table((phrase("Phase"), phrase("Command took"), phrase("Downtime")), rows)


def _not_holding(report: Report) -> Iterator[str]:
    """A row for each claim that does not hold, and for each link that was not run."""
    rows = [row for state in every_link(report) for row in _open_rows(state)]
    if not rows:
        yield phrase("All {count} claims hold.", count=len(all_claims(report)))
        return
    yield phrase("Of {count} claims, {tally}.", count=len(all_claims(report)), tally=tally(all_claims(report)))
    sizes = accumulate(len("".join(row).encode()) for row in rows)
    kept = sum(size <= _ROWS_BYTES for size in sizes)
    yield table((phrase("Link"), phrase("State"), phrase("Claim"), phrase("Found")), rows[:kept])
    if len(rows) > kept:
        yield phrase("{count} more stand in the whole report.", count=len(rows) - kept)


def _open_rows(state: LinkState) -> Iterator[tuple[str, ...]]:
    for claim in state.claims:
        if claim.outcome is not Outcome.HOLDS:
            yield _claim_row(state, claim)
    if not state.claims:
        sign = phrase("– not run") if state.not_run else phrase("? unknown")
        yield link_name(state.link), sign, "–", _cell(state.not_run or phrase("no claim was judged"))


def _claim_row(state: LinkState, claim: Claim) -> tuple[str, ...]:
    return link_name(state.link), claim_words(claim), _cell(claim.statement), _cell(claim.is_)


def _cell(text: str) -> str:
    return cell(_short(text, _CELL_CHARS))


def _short(text: str, limit_chars: int) -> str:
    """One line of so many characters; cut twice, so that an endless text costs no more than a long one."""
    return bounded(one_line(bounded(text, limit_chars * 8)[0]), limit_chars)[0]


def _about(report: Report) -> Iterator[tuple[str, str]]:
    yield phrase("Image"), _cell(f"{report.image}:{report.tag}")
    yield phrase("Host"), _cell(report.host)
    yield phrase("Mode"), report.mode.value
    yield phrase("Started"), _cell(report.started_at.isoformat(sep=" ", timespec="seconds"))
    yield phrase("Duration"), timings(report)
    yield phrase("Run"), _cell(report.run)
