"""What a report says of a drill: a headline, a row for each phase, and what a reader must know about both.

The words serve both forms, Markdown and terminal: `..._words` and `headline` are ours but for Docker's state and
health, which each form makes fit to be shown.
"""

from collections.abc import Callable, Iterator

from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.markdown_text import NOTHING, cell, code, inline, table
from ghcr_audit.report_model import DrillRow, DrillSummary
from ghcr_audit.report_words import duration

HEADER = ("", "Release", "Digest", "Health", "Command took", "Healthy after", "Downtime")
PHASES = {
    Phase.BEFORE: "before",
    Phase.DEPLOYED: "deployed",
    Phase.ROLLED_BACK: "rolled back",
    Phase.RESTORED: "restored",
}
_CHANGES = {Phase.DEPLOYED: "deploy", Phase.ROLLED_BACK: "rollback", Phase.RESTORED: "restore"}
_TIME_LIMIT_EXIT = 124
_DIGEST_CHARS = len("sha256:") + 12
"""Enough to tell releases apart; the evidence has all of it."""
_NO_URL = "the target has no health_url"
_NO_POLL = "health could not be polled on the host"
_UNDO = (
    "A drill cannot undo what a release did to its data (database migrations, files in volumes, messages sent): what"
    " it puts back is the container and the files of its deployment, not what they wrote."
)


def seconds(ms: int) -> str:
    """A measured time, no finer than it was measured: `under 0.1 s`, `1.9 s`, `1 min 5 s`."""
    if 0 < ms < 50:  # noqa: PLR2004 - what would round to nothing
        return "under 0.1 s"
    return f"{ms / 1000:.1f} s" if ms < 59_950 else duration(round(ms / 1000))  # noqa: PLR2004 - a minute, rounded


def headline(drill: DrillSummary) -> str:
    """One or two sentences in our own words: how long the rollback took, and what the service suffered."""
    row = drill.row(Phase.ROLLED_BACK)
    if not drill.touched:
        return "The drill was not begun: nothing of the service was changed."
    if row is None:
        why = "The drill was interrupted: no rollback was seen" if drill.lost else "The drill ended before the rollback"
        return f"{why}.{_others(drill, (Phase.DEPLOYED, Phase.RESTORED))}"
    if drill.rollback_ms is None:
        return f"{_unmeasured(drill, row)}.{_others(drill, tuple(_CHANGES))}"
    down_ms = drill.downtime_ms(Phase.ROLLED_BACK)
    others = ", ".join(_downtimes(drill, (Phase.DEPLOYED, Phase.RESTORED)))
    suffered = f"gave no healthy answer for {seconds(down_ms)}" if down_ms else "answered healthily all along"
    return (
        f"Rollback took {seconds(drill.rollback_ms)} until healthy; the service {suffered}"
        f"{f' ({others})' if others else ''}."
    )


def _unmeasured(drill: DrillSummary, row: DrillRow) -> str:
    """Why there is no figure for the rollback; the worst first."""
    took = f" after {seconds(row.took_ms)}" if row.took_ms is not None else ""
    if row.exit_code is None:
        return "How the rollback command ended was not seen"
    if row.exit_code == _TIME_LIMIT_EXIT:
        return f"The rollback command was stopped at its time limit{took}"
    if row.exit_code:
        return f"The rollback command failed (exit code {row.exit_code}){took}"
    if drill.moved is False:
        return f"The rollback changed nothing: its command ended well{took}, and the same image runs as before it"
    return f"The rollback command ended{took}; {_unsettled(drill, row)}"


def _unsettled(drill: DrillSummary, row: DrillRow) -> str:
    if drill.moved is None:
        return "what ran then was not seen"
    if row.times is not None and row.times.still_down:
        return "the service was still down when looked last"
    if row.settled != "healthy":
        return f"the service did not settle ({row.settled or 'not seen'})"
    return f"how long the service was down was not measured: {_why(drill)}"


def _others(drill: DrillSummary, phases: tuple[Phase, ...]) -> str:
    told = ", ".join(_downtimes(drill, phases))
    return f" Without a healthy answer: {told}." if told else ""


def _downtimes(drill: DrillSummary, phases: tuple[Phase, ...]) -> Iterator[str]:
    for phase in phases:
        row, down_ms = drill.row(phase), drill.downtime_ms(phase)
        if row is not None and down_ms is not None:
            still = " and still down when looked last" if row.times is not None and row.times.still_down else ""
            yield f"{_CHANGES[phase]} {seconds(down_ms) if down_ms else 'none'}{still}"


def _why(drill: DrillSummary) -> str:
    return _NO_POLL if drill.health_url else _NO_URL


def health_words(row: DrillRow) -> str:
    """`healthy`, and who says so; or else the container's state and everything that is not as it should be."""
    docker_well, url_well = row.health == "healthy", row.http_healthy is True
    told = [name for name, well in (("Docker", docker_well), ("URL", url_well)) if well]
    sound = row.status == "running" and row.http_healthy is not False and row.settled in ("", "healthy")
    if sound and told and (docker_well or not row.health):
        return f"healthy ({' and '.join(told)})"
    parts = [row.status or "not seen"]
    parts += [f"Docker: {row.health}"] if row.health else []
    parts += [f"URL: {'healthy' if row.http_healthy else 'not healthy'}"] if row.http_healthy is not None else []
    return ", ".join([*parts, *([row.settled] if row.settled not in ("", "healthy") else [])])


def took_words(row: DrillRow) -> str:
    """How long the phase's command took, and its exit code where it failed."""
    if row.took_ms is None:
        return NOTHING
    return seconds(row.took_ms) + (f" (exit code {row.exit_code})" if row.exit_code else "")


def healthy_words(row: DrillRow) -> str:
    """After what time it was healthy; `all along` where it never was not."""
    if row.phase is Phase.BEFORE:
        return NOTHING
    if row.times is None or row.times.downtime_ms is None:
        return "not measured"
    if row.times.still_down or (row.times.healthy_after_ms is None and row.times.downtime_ms):
        return "still down"
    return seconds(row.times.healthy_after_ms or 0) if row.times.downtime_ms else "all along"


def downtime_words(row: DrillRow) -> str:
    """For how long there was no healthy answer; with the longest piece where there were several."""
    if row.phase is Phase.BEFORE:
        return NOTHING
    if row.times is None or row.times.downtime_ms is None:
        return "not measured"
    if not row.times.downtime_ms:
        return "none seen"
    total, longest = seconds(row.times.downtime_ms), seconds(row.times.longest_ms or 0)
    return total if longest == total else f"{total} (longest {longest})"


def notes(drill: DrillSummary, *, prose: Callable[[str], str], exact: Callable[[str], str]) -> Iterator[str]:
    """What a reader must know, a sentence or two each. `prose` and `exact` make foreign text fit to be shown."""
    if drill.back_to:
        unproven = "" if drill.back_to_proven else "; unproven: nobody saw it healthy on this host"
        yield f"Release to go back to: {exact(drill.back_to)} ({prose(drill.back_to_source)}{unproven})."
    else:
        yield "Release to go back to: none was found."
    if drill.forced:
        yield f"The drill was forced on a host that was not as it should be, because: {prose(drill.forced)}"
    if not drill.touched:
        return
    yield from _measured(drill)
    for row in drill.rows:
        if row.passes > 1:
            yield f"The {_CHANGES[row.phase]} was run {row.passes} times; its times are those of the last."
    if drill.log_paths:
        paths = ", ".join(map(exact, drill.log_paths))
        yield f"Container logs were saved on the host alone, since they may hold secrets: {paths}."
    yield _UNDO


def _measured(drill: DrillSummary) -> Iterator[str]:
    asked = sum(row.times.asked for row in drill.rows if row.times is not None)
    if not asked:
        yield f"Downtime was not measured: {_why(drill)}."
        return
    yield (
        f"The host asked the health URL {asked} times, 50 ms after each answer: times are right to about that and"
        " one answer, and a shorter outage may not have been seen."
    )


def drill_markdown(drill: DrillSummary) -> Iterator[str]:
    """Blocks for the first screen: headline, table, notes."""
    yield f"**{headline(drill)}**"
    yield table(HEADER, [_row(row) for row in drill.rows])
    yield "\n".join(f"- {note}" for note in notes(drill, prose=inline, exact=code))


def _row(row: DrillRow) -> tuple[str, ...]:
    release = code(row.release or row.image_text) or NOTHING
    measured = (took_words(row), healthy_words(row), downtime_words(row))
    digest = code(row.digest[:_DIGEST_CHARS]) or NOTHING
    return (PHASES[row.phase], release, digest, cell(health_words(row)), *measured)
