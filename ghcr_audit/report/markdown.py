"""The report as GitHub-flavoured Markdown: tables, headings and fences; no HTML, and not one link.

Evidence is untrusted. All of it passes `text.markdown` on its way in; what is not passed through it is our own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from ghcr_audit.causes import DEFINITIONS
from ghcr_audit.evidence import Attempt, Finding, Observation, Remedy
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.report.drill import drill_markdown
from ghcr_audit.report.model import LinkState, Report
from ghcr_audit.report.tables import claim_row, columns
from ghcr_audit.report.told import told_report
from ghcr_audit.report.words import (
    all_claims,
    certainty_word,
    chain,
    cited,
    duration,
    every_link,
    link_name,
    link_sign,
    link_words,
    main_finding,
    meaning,
    next_step,
    tally,
    timings,
    verdict_sign,
    verdict_word,
)
from ghcr_audit.text.markdown import NOTHING, cell, code, fence, inline, table
from ghcr_audit.text.terminal import bounded

OUTPUT_LIMIT_CHARS = 16_000
"""What a report shows of one output; the rest is in the evidence."""
_KEEP_HIDDEN = (
    "**Never paste a token into a report, a chat, an issue or a command line.** Hand it over through the Secret block"
    " or the prompt that hides it; a token that was shown anywhere must be revoked."
)


def render_markdown(report: Report) -> str:
    """The whole report, in the language that is spoken."""
    return markdown_of(told_report(report))


def markdown_of(report: Report) -> str:
    """A told report. Its first screen tells verdict, cause and remedy; the rest proves them."""
    sections = [section for section in (_summary(report), _evidence(report), _causes(report)) if section]
    sections += [section for section in (_actions(report), _next_steps(report), _integrity(report)) if section]
    numbered = [f"## {number} {section}" for number, section in enumerate(sections, start=1)]
    return "\n\n".join([*_first_screen(report), *numbered]) + "\n"


def _first_screen(report: Report) -> Iterator[str]:
    yield f"# ghcr-audit: {inline(report.target)} {inline(report.tag)} - {verdict_word(report.verdict)}"
    yield table((phrase("Audit"), phrase("Value")), list(_head_rows(report)))
    yield f"**{verdict_sign(report.verdict)} {verdict_word(report.verdict)}.** {meaning(report.verdict)}"
    yield from _main_cause(main_finding(report))
    yield from _was_blocked(report)
    if report.drill is not None:
        yield from drill_markdown(report.drill)
    yield fence(chain(every_link(report)))


def _head_rows(report: Report) -> Iterator[tuple[str, str]]:
    run = code(report.run) + (f" ({code(report.run_url)})" if report.run_url else "")
    yield phrase("Target"), cell(report.target)
    yield phrase("Image"), code(f"{report.image}:{report.tag}")
    yield phrase("Host"), code(report.host) or NOTHING
    yield phrase("Mode"), report.mode.value
    yield phrase("Started"), _zoned(report.started_at)
    yield phrase("Duration"), timings(report)
    yield phrase("Run"), run or NOTHING
    yield phrase("Run by"), cell(report.ran_by)
    yield phrase("Version"), cell(f"ghcr-audit {report.version}")


def _main_cause(finding: Finding | None) -> Iterator[str]:
    if finding is None:
        return
    yield phrase("Cause: {cause}. {summary}", cause=_cause(finding), summary=inline(finding.summary))
    if finding.remedy:
        yield phrase("What to do: {remedy}", remedy=inline(finding.remedy.text))


def _was_blocked(report: Report) -> Iterator[str]:
    """What blocked the chain at first, once a credential resolved it: it is history, and no longer a finding."""
    first = next((attempt for attempt in report.attempts if attempt.asked_because), None)
    solved = next((attempt for attempt in report.attempts if attempt.accepted), None)
    if first is None or first.asked_because is None or solved is None:
        return
    cause = code(first.asked_because.value)
    yield phrase("Was blocked by: {cause}. {summary}", cause=cause, summary=inline(first.asked_summary))
    yield phrase(
        "Resolved by credential {number} ({way}), answered by {who}.",
        number=solved.number,
        way=inline(solved.way),
        who=inline(solved.answered_by),
    )


def _summary(report: Report) -> str:
    goal = phrase(
        "Goal: prove, in mode {mode}, that {image} can be released on {host}.",
        mode=report.mode.value,
        image=code(f"{report.image}:{report.tag}"),
        host=code(report.host),
    )
    result = phrase(
        "Result: {verdict}; of {count} claims, {tally}.",
        verdict=verdict_word(report.verdict),
        count=len(all_claims(report)),
        tally=tally(all_claims(report)),
    )
    step = phrase("Next step: {step}", step=next_step(report.verdict))
    return "\n".join((phrase("Summary"), "", f"- {goal}", f"- {result}", f"- {step}"))


def _evidence(report: Report) -> str:
    observations = cited(report)
    parts = [part for state in every_link(report) for part in _link(state, observations)]
    return "\n\n".join([phrase("Evidence"), *parts])


def _link(state: LinkState, observations: tuple[Observation, ...]) -> Iterator[str]:
    """A link's claims, and then what was asked and answered for it."""
    yield f"### {link_name(state.link)} {link_sign(state)} {link_words(state)}"
    if state.not_run:
        yield phrase("Not run: {why}.", why=inline(state.not_run))
    elif not state.claims:
        yield phrase("No claim was judged: unknown.")
    if state.claims:
        yield table(columns(), [claim_row(claim, observations) for claim in state.claims])
    for observation in observations:
        if observation.link is state.link:
            yield from _observation(observation)


def _observation(observation: Observation) -> Iterator[str]:
    yield f"#### {code(observation.key)} – {told_as(observation.vantage.value)}"
    where, moment = code(observation.where) or NOTHING, _utc(observation.observed_at)
    yield phrase("Asked at {where}, {moment}, {ending}:", where=where, moment=moment, ending=_ending(observation))
    yield fence(observation.asked, "sh" if observation.exit_code is not None else "text")
    if observation.failure:
        cause = code(observation.failure.value)
        yield phrase("It could not be asked: {cause}: {why}", cause=cause, why=inline(observation.failure_text))
        return
    yield from _output(phrase("Standard output"), observation.stdout)
    yield from _output(phrase("Standard error"), observation.stderr)
    if not (observation.stdout or observation.stderr):
        yield phrase("It printed nothing.")
    if observation.cut:
        yield phrase("Its output was longer than what is kept: the rest was cut when it was read.")


def _ending(observation: Observation) -> str:
    took = phrase("{number} ms", number=observation.duration_ms)
    if observation.exit_code is None:
        return took
    return phrase("exit code {code}, {took}", code=observation.exit_code, took=took)


def _output(title: str, text: str) -> Iterator[str]:
    if text:
        yield f"{title}:"
        yield fence(bounded(text, OUTPUT_LIMIT_CHARS)[0])


def _causes(report: Report) -> str:
    blocks = [block for finding in report.findings for block in _finding(finding)]
    if not blocks and report.verdict.passed:
        blocks = [phrase("No finding: nothing that was looked at is wrong.")]
    return "\n\n".join([phrase("Cause analysis"), *(blocks or [phrase("No known cause explains what was seen.")])])


def _finding(finding: Finding) -> Iterator[str]:
    yield f"### {_cause(finding)}"
    yield phrase("About: {subject}", subject=inline(finding.subject) or NOTHING)
    yield inline(finding.summary) or NOTHING
    yield phrase("What this cause is: {definition}", definition=inline(tell(DEFINITIONS[finding.cause])))
    yield phrase("Evidence for it: {keys}.", keys=_keys(finding.evidence_for))
    yield phrase("Evidence against it: {keys}.", keys=_keys(finding.evidence_against))


def _keys(keys: tuple[str, ...]) -> str:
    return ", ".join(code(key) for key in keys) or phrase("none")


def _cause(finding: Finding) -> str:
    return f"{code(finding.cause.value)} ({certainty_word(finding)})"


def _actions(report: Report) -> str:
    """What a person must do; nothing where no finding asks for it. Equal remedies are told once."""
    remedies = dict.fromkeys(finding.remedy for finding in report.findings if finding.remedy)
    if not remedies:
        return ""
    blocks = [block for number, remedy in enumerate(remedies, start=1) for block in _remedy(number, remedy)]
    return "\n\n".join([phrase("Needed actions"), *blocks, tell(_KEEP_HIDDEN)])


def _remedy(number: int, remedy: Remedy) -> Iterator[str]:
    yield phrase("Action {number}: {remedy}", number=number, remedy=inline(remedy.text))
    if remedy.commands:
        yield fence("\n".join(remedy.commands), "sh")


def _next_steps(report: Report) -> str:
    skipped = [state for state in every_link(report) if state.not_run]
    lines = [f"- {next_step(report.verdict)}", *(_skipped(state) for state in skipped)]
    blocks = [phrase("Next steps"), "\n".join(lines)]
    if report.attempts:
        rows = [_attempt(attempt) for attempt in report.attempts]
        blocks += [f"### {phrase('Credential attempts')}", table(_attempt_columns(), rows)]
    return "\n\n".join(blocks)


def _attempt_columns() -> tuple[str, ...]:
    why = (phrase("Attempt"), phrase("Asked because"), phrase("Outcome"), phrase("Answered by"), phrase("Way"))
    return (*why, phrase("Asked"), phrase("Answered"), phrase("Waited"))


def _integrity(report: Report) -> str:
    """Where the evidence lies and how to check it; nothing where none is kept."""
    anchor = report.integrity
    if anchor is None:
        return ""
    rows: list[tuple[str, ...]] = [
        (phrase("Ledger head"), code(anchor.ledger_head)),
        (phrase("Entries"), str(anchor.entries)),
        (phrase("Bundle"), code(anchor.bundle)),
        (phrase("Signed by"), code(anchor.signer) or phrase("nobody: it is unsigned")),
    ]
    told = phrase("The head is that of the entry before this report's own. Everything is checked offline by:")
    facts = table((phrase("Evidence"), phrase("Value")), rows)
    return "\n\n".join([phrase("Integrity"), facts, told, fence(f"ghcr-audit verify {anchor.bundle}", "sh")])


def _skipped(state: LinkState) -> str:
    name, why = link_name(state.link), inline(state.not_run)
    return f"- {phrase('Not proven: {link} was not run ({why}).', link=name, why=why)}"


def _attempt(attempt: Attempt) -> tuple[str, ...]:
    return (
        str(attempt.number),
        code(attempt.asked_because.value) if attempt.asked_because else NOTHING,
        ("✓ " if attempt.accepted else "✗ ") + cell(attempt.outcome),
        cell(attempt.answered_by),
        cell(attempt.way),
        _utc(attempt.asked_at),
        _utc(attempt.answered_at),
        _waited(attempt),
    )


def _waited(attempt: Attempt) -> str:
    if attempt.asked_at is None or attempt.answered_at is None:
        return NOTHING
    return duration(max((attempt.answered_at - attempt.asked_at).total_seconds(), 0))


def _utc(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else NOTHING


def _zoned(moment: datetime) -> str:
    """A moment with its zone's offset, and its name where it has one: `... +09:00 (KST)`."""
    offset = moment.isoformat(sep=" ", timespec="seconds")
    name = moment.tzname() or ""
    return f"{offset} ({cell(name)})" if name and not name.startswith("UTC+") else offset
