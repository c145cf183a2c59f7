"""The report for a terminal: the first screen, what does not hold, why, and what to do about it.

Lines wrap at `WIDTH` columns, except commands: those must be copied as they are. Nothing foreign reaches the
terminal but printable characters.
"""

from collections.abc import Iterator, Sequence

from ghcr_audit.evidence import Attempt, Claim, Finding, Outcome, Remedy
from ghcr_audit.language import phrase, tell
from ghcr_audit.report.drill import (
    downtime_words,
    headline,
    health_words,
    healthy_words,
    notes,
    phase_name,
    seconds,
)
from ghcr_audit.report.model import DrillRow, DrillSummary, LinkState, Report
from ghcr_audit.report.told import told_report, told_state
from ghcr_audit.report.words import (
    BROKEN,
    HOLDS,
    NOT_RUN,
    UNKNOWN,
    WARNING,
    all_claims,
    certainty_word,
    chain,
    claim_sign,
    claim_words,
    every_link,
    link_name,
    link_sign,
    meaning,
    next_step,
    tally,
    timings,
    verdict_sign,
    verdict_word,
)
from ghcr_audit.text.columns import columns, padded, wrapped
from ghcr_audit.text.markdown import NOTHING
from ghcr_audit.text.terminal import one_line, plain

WIDTH = 100
"""Columns."""
_COLOURS = {HOLDS: "32", BROKEN: "31", UNKNOWN: "33", WARNING: "33", NOT_RUN: "90"}
_RELEASE_WIDTH = 20
_KEEP_HIDDEN = "Never paste a token into a report, a chat or a command line."


def render_text(report: Report, *, colour: bool) -> str:
    """The whole text, ending in a newline. `colour` adds terminal colours to signs, and nothing else."""
    report = told_report(report)
    links = [line for state in every_link(report) for line in _link(state, colour=colour)]
    drill = _drill(report.drill) if report.drill is not None else ()
    head, findings, actions = _head(report, colour=colour), _findings(report.findings), _actions(report.findings)
    parts = (head, drill, links, findings, actions, _end(report))
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def render_brief(report: Report, *, colour: bool) -> str:
    """Only the verdict's line and what needs doing, ending in a newline."""
    report = told_report(report)
    title = one_line(f"ghcr-audit: {report.target} {report.tag} - {verdict_word(report.verdict)}")
    lines = _wrapped(f"{_painted(verdict_sign(report.verdict), colour=colour)} ", title, indent=2)
    todo = list(_actions(report.findings))
    if not todo and not report.verdict.passed:
        todo = list(_labelled(phrase("next"), next_step(report.verdict)))
    return "\n".join([*lines, *todo]) + "\n"


def link_lines(state: LinkState, *, colour: bool) -> list[str]:
    """A link for a live display: its name and sign, one line per claim that does not hold, and how many do."""
    return list(_link(told_state(state), colour=colour))


def _head(report: Report, *, colour: bool) -> Iterator[str]:
    sign = verdict_sign(report.verdict)
    title = one_line(f"ghcr-audit: {report.target} {report.tag} - {verdict_word(report.verdict)}")
    yield from _wrapped(f"{_painted(sign, colour=colour)} ", title, indent=2)
    yield from _wrapped("  ", meaning(report.verdict), indent=2)
    yield "  " + _painted_signs(chain(every_link(report)), colour=colour)
    yield ""
    yield from _field(phrase("image"), f"{report.image}:{report.tag}")
    yield from _field(phrase("host"), phrase("{host} (mode {mode})", host=report.host, mode=report.mode.value))
    yield from _field(phrase("started"), report.started_at.isoformat(sep=" ", timespec="seconds"))
    yield from _field(phrase("duration"), timings(report))
    yield from _field(phrase("run"), f"{report.run} {report.run_url}")
    yield from _field(phrase("claims"), str(tally(all_claims(report))))


def _field(name: str, value: str) -> Iterator[str]:
    yield from _wrapped(f"  {padded(name, 9)} ", value, indent=12)


def _drill(drill: DrillSummary) -> Iterator[str]:
    yield from _labelled(phrase("drill"), headline(drill))
    yield from _columns([_drill_header(), *map(_drill_cells, drill.rows)])
    for note in notes(drill, prose=one_line, exact=one_line):
        yield from _wrapped("       ", note, indent=7)


def _labelled(label: str, text: str) -> Iterator[str]:
    yield from _wrapped(padded(label, 6) + " ", text, indent=7)


def _drill_header() -> tuple[str, ...]:
    words = (phrase("release"), phrase("took"), phrase("healthy after"), phrase("downtime"), phrase("health"))
    return ("", *words)


def _drill_cells(row: DrillRow) -> tuple[str, ...]:
    release = _fitting(one_line(row.release or row.image_text) or NOTHING, _RELEASE_WIDTH)
    took = seconds(row.took_ms) if row.took_ms is not None else NOTHING
    downtime = downtime_words(row).partition(" (")[0]
    return (phase_name(row.phase), release, took, healthy_words(row), downtime, health_words(row))


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Cells below each other; the last column takes what is left, and wraps."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        start = "  ".join(padded(cell, width) for cell, width in zip(row[:-1], widths, strict=True))
        yield from _wrapped(f"       {start}  ", row[-1], indent=9 + columns(start))


def _fitting(text: str, width: int) -> str:
    """The end of it: there a tag differs from others."""
    return text if len(text) <= width else f"…{text[1 - width :]}"


def _link(state: LinkState, *, colour: bool) -> Iterator[str]:
    sign = _painted(link_sign(state), colour=colour)
    yield from _wrapped(f"{sign} {padded(link_name(state.link), 9)} ", _link_end(state), indent=12)
    for claim in state.claims:
        if claim.outcome is not Outcome.HOLDS:
            yield from _open_claim(claim, colour=colour)


def _link_end(state: LinkState) -> str:
    if not state.claims:
        unknown = phrase("unknown: no claim was judged")
        return phrase("not run: {why}", why=state.not_run) if state.not_run else unknown
    held = tally(state.claims).holds
    return phrase("{held} of {count} claims hold", held=held, count=len(state.claims))


def _open_claim(claim: Claim, *, colour: bool) -> Iterator[str]:
    words = claim_words(claim).removeprefix(claim_sign(claim)).strip()
    found = f": {claim.is_}" if claim.is_ else ""
    sign = _painted(claim_sign(claim), colour=colour)
    yield from _wrapped(f"  {sign} ", f"{words}: {claim.statement}{found}", indent=4)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        cause = f"{finding.cause.value} ({certainty_word(finding)}): {finding.subject}"
        yield from _labelled(phrase("cause"), cause)
        yield from _wrapped("       ", finding.summary, indent=7)


def _actions(findings: Sequence[Finding]) -> Iterator[str]:
    remedies = dict.fromkeys(finding.remedy for finding in findings if finding.remedy)
    for remedy in remedies:
        yield from _remedy(remedy)
    if remedies:
        yield tell(_KEEP_HIDDEN)


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield from _labelled(phrase("do"), remedy.text)
    yield from (f"         {line}" for command in remedy.commands for line in plain(command).split("\n"))


def _end(report: Report) -> Iterator[str]:
    for attempt in report.attempts:
        label = phrase("credential {number}:", number=attempt.number)
        yield from _wrapped(f"{label} ", _attempt(attempt), indent=4)
    yield from _labelled(phrase("next"), next_step(report.verdict))
    proof = phrase("every command with its answer: --markdown, or --json for programs")
    yield from _labelled(phrase("proof"), proof)


def _attempt(attempt: Attempt) -> str:
    told = attempt.outcome
    if attempt.answered_by:
        told = phrase("{outcome} (by {who}, {way})", outcome=told, who=attempt.answered_by, way=attempt.way)
    if attempt.asked_because:
        told = phrase("{outcome}; asked because of {cause}", outcome=told, cause=attempt.asked_because.value)
    return told


def _wrapped(start: str, text: str, *, indent: int) -> list[str]:
    """The text as lines of at most `WIDTH` columns: the first begins with `start`, the rest are indented.

    `start` is ours and may hold colours, which take no room; the text is foreign and is made plain.
    """
    shown_start = plain(start)
    room = "#" * columns(shown_start)
    first, *rest = wrapped(one_line(text), WIDTH, first=room, rest=" " * indent) or [room]
    return [(start + first[len(room) :]).rstrip(), *rest]


def _painted(sign: str, *, colour: bool) -> str:
    return f"\x1b[{_COLOURS[sign]}m{sign}\x1b[0m" if colour else sign


def _painted_signs(text: str, *, colour: bool) -> str:
    return "".join(_painted(part, colour=colour) if part in _COLOURS else part for part in text)
