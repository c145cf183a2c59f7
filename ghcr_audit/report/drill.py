"""What a report says of a drill: a headline, a row for each phase, and what a reader must know about both.

The words serve both forms, Markdown and terminal: `..._words` and `headline` are ours but for Docker's state and
health, which each form makes fit to be shown.
"""

from collections.abc import Callable, Iterator

from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.report.model import DrillRow, DrillSummary
from ghcr_audit.report.words import duration
from ghcr_audit.text.markdown import NOTHING, cell, code, inline, table

_PHASES = {
    Phase.BEFORE: "before",
    Phase.DEPLOYED: "deployed",
    Phase.ROLLED_BACK: "rolled back",
    Phase.RESTORED: "restored",
}
_CHANGES = {Phase.DEPLOYED: "deploy", Phase.ROLLED_BACK: "rollback", Phase.RESTORED: "restore"}
_TIME_LIMIT_EXIT = 124
_DIGEST_CHARS = len("sha256:") + 12
"""Enough to tell releases apart; the evidence has all of it."""
_UNDO = (
    "A drill cannot undo what a release did to its data (database migrations, files in volumes, messages sent): what"
    " it puts back is the container and the files of its deployment, not what they wrote."
)


def phase_name(phase: Phase) -> str:
    """What a phase is called."""
    return told_as(_PHASES[phase])


def change_name(phase: Phase) -> str:
    """What the change is called that a phase begins with."""
    return told_as(_CHANGES[phase])


def seconds(ms: int) -> str:
    """A measured time, no finer than it was measured: `under 0.1 s`, `1.9 s`, `1 min 5 s`."""
    if 0 < ms < 50:  # noqa: PLR2004 - what would round to nothing
        return phrase("under 0.1 s")
    number = f"{ms / 1000:.1f}"
    return phrase("{number} s", number=number) if ms < 59_950 else duration(round(ms / 1000))  # noqa: PLR2004 - a minute, rounded


def headline(drill: DrillSummary) -> str:
    """One or two sentences in our own words: how long the rollback took, and what the service suffered."""
    row = drill.row(Phase.ROLLED_BACK)
    if not drill.touched:
        return phrase("The drill was not begun: nothing of the service was changed.")
    if row is None:
        ended = phrase("The drill ended before the rollback.")
        why = phrase("The drill was interrupted: no rollback was seen.") if drill.lost else ended
        return f"{why}{_others(drill, (Phase.DEPLOYED, Phase.RESTORED))}"
    if drill.rollback_ms is None:
        return f"{_unmeasured(drill, row)}{_others(drill, tuple(_CHANGES))}"
    return _measured_rollback(drill, seconds(drill.rollback_ms))


def _measured_rollback(drill: DrillSummary, took: str) -> str:
    down_ms = drill.downtime_ms(Phase.ROLLED_BACK)
    suffered = phrase("the service answered healthily all along")
    if down_ms:
        suffered = phrase("the service gave no healthy answer for {time}", time=seconds(down_ms))
    told = phrase("Rollback took {time} until healthy; {suffered}", time=took, suffered=suffered)
    others = ", ".join(_downtimes(drill, (Phase.DEPLOYED, Phase.RESTORED)))
    return f"{told} ({others})." if others else f"{told}."


def _unmeasured(drill: DrillSummary, row: DrillRow) -> str:
    """Why there is no figure for the rollback; the worst first."""
    took = seconds(row.took_ms) if row.took_ms is not None else phrase("an unknown time")
    if row.exit_code is None:
        return phrase("How the rollback command ended was not seen.")
    if row.exit_code == _TIME_LIMIT_EXIT:
        return phrase("The rollback command was stopped at its time limit after {time}.", time=took)
    if row.exit_code:
        return phrase("The rollback command failed (exit code {code}) after {time}.", code=row.exit_code, time=took)
    if drill.moved is False:
        return phrase(
            "The rollback changed nothing: its command ended well after {time}, and the same image runs as before it.",
            time=took,
        )
    return phrase("The rollback command ended after {time}; {how}.", time=took, how=_unsettled(drill, row))


def _unsettled(drill: DrillSummary, row: DrillRow) -> str:
    if drill.moved is None:
        return phrase("what ran then was not seen")
    if row.times is not None and row.times.still_down:
        return phrase("the service was still down when looked last")
    if row.settled != "healthy":
        return phrase("the service did not settle ({how})", how=row.settled or phrase("not seen"))
    return phrase("how long the service was down was not measured: {why}", why=_why(drill))


def _others(drill: DrillSummary, phases: tuple[Phase, ...]) -> str:
    told = ", ".join(_downtimes(drill, phases))
    return " " + phrase("Without a healthy answer: {times}.", times=told) if told else ""


def _downtimes(drill: DrillSummary, phases: tuple[Phase, ...]) -> Iterator[str]:
    for phase in phases:
        row, down_ms = drill.row(phase), drill.downtime_ms(phase)
        if row is not None and down_ms is not None:
            told = f"{change_name(phase)} {seconds(down_ms) if down_ms else phrase('none')}"
            still = row.times is not None and row.times.still_down
            yield phrase("{time} and still down when looked last", time=told) if still else told


def _why(drill: DrillSummary) -> str:
    unpolled, no_url = phrase("health could not be polled on the host"), phrase("the target has no health_url")
    return unpolled if drill.health_url else no_url


def health_words(row: DrillRow) -> str:
    """`healthy`, and who says so; or else the container's state and everything that is not as it should be."""
    docker_well, url_well = row.health == "healthy", row.http_healthy is True
    told = [name for name, well in (("Docker", docker_well), ("URL", url_well)) if well]
    sound = row.status == "running" and row.http_healthy is not False and row.settled in ("", "healthy")
    if sound and told and (docker_well or not row.health):
        return phrase("healthy ({witness})", witness=phrase("Docker and URL") if len(told) > 1 else told[0])
    parts = [told_as(row.status) or phrase("not seen")]
    parts += [f"Docker: {told_as(row.health)}"] if row.health else []
    url = phrase("healthy") if row.http_healthy else phrase("not healthy")
    parts += [f"URL: {url}"] if row.http_healthy is not None else []
    return ", ".join([*parts, *([row.settled] if row.settled not in ("", "healthy") else [])])


def took_words(row: DrillRow) -> str:
    """How long the phase's command took, and its exit code where it failed."""
    if row.took_ms is None:
        return NOTHING
    took = seconds(row.took_ms)
    return phrase("{time} (exit code {code})", time=took, code=row.exit_code) if row.exit_code else took


def healthy_words(row: DrillRow) -> str:
    """After what time it was healthy; `all along` where it never was not."""
    if row.phase is Phase.BEFORE:
        return NOTHING
    if row.times is None or row.times.downtime_ms is None:
        return phrase("not measured")
    if row.times.still_down or (row.times.healthy_after_ms is None and row.times.downtime_ms):
        return phrase("still down")
    return seconds(row.times.healthy_after_ms or 0) if row.times.downtime_ms else phrase("all along")


def downtime_words(row: DrillRow) -> str:
    """For how long there was no healthy answer; with the longest piece where there were several."""
    if row.phase is Phase.BEFORE:
        return NOTHING
    if row.times is None or row.times.downtime_ms is None:
        return phrase("not measured")
    if not row.times.downtime_ms:
        return phrase("none seen")
    total, longest = seconds(row.times.downtime_ms), seconds(row.times.longest_ms or 0)
    return total if longest == total else phrase("{total} (longest {longest})", total=total, longest=longest)


def notes(drill: DrillSummary, *, prose: Callable[[str], str], exact: Callable[[str], str]) -> Iterator[str]:
    """What a reader must know, a sentence or two each. `prose` and `exact` make foreign text fit to be shown."""
    if drill.back_to:
        release, why = exact(drill.back_to), prose(drill.back_to_source)
        if not drill.back_to_proven:
            why = phrase("{why}; unproven: nobody saw it healthy on this host", why=why)
        yield phrase("Release to go back to: {release} ({why}).", release=release, why=why)
    else:
        yield phrase("Release to go back to: none was found.")
    if drill.forced:
        forced = prose(drill.forced)
        yield phrase("The drill was forced on a host that was not as it should be, because: {reason}", reason=forced)
    if not drill.touched:
        return
    yield from _measured(drill)
    for row in drill.rows:
        if row.passes > 1:
            yield phrase(
                "The {change} was run {count} times; its times are those of the last.",
                change=change_name(row.phase),
                count=row.passes,
            )
    if drill.log_paths:
        paths = ", ".join(map(exact, drill.log_paths))
        yield phrase("Container logs were saved on the host alone, since they may hold secrets: {paths}.", paths=paths)
    yield tell(_UNDO)


def _measured(drill: DrillSummary) -> Iterator[str]:
    asked = sum(row.times.asked for row in drill.rows if row.times is not None)
    if not asked:
        yield phrase("Downtime was not measured: {why}.", why=_why(drill))
        return
    yield phrase(
        "The host asked the health URL {count} times, 50 ms after each answer: times are right to about that and"
        " one answer, and a shorter outage may not have been seen.",
        count=asked,
    )


def drill_markdown(drill: DrillSummary) -> Iterator[str]:
    """Blocks for the first screen: headline, table, notes."""
    yield f"**{headline(drill)}**"
    yield table(_header(), [_row(row) for row in drill.rows])
    yield "\n".join(f"- {note}" for note in notes(drill, prose=inline, exact=code))


def _header() -> tuple[str, ...]:
    seen = (phrase("Release"), phrase("Digest"), phrase("Health"))
    return ("", *seen, phrase("Command took"), phrase("Healthy after"), phrase("Downtime"))


def _row(row: DrillRow) -> tuple[str, ...]:
    release = code(row.release or row.image_text) or NOTHING
    measured = (took_words(row), healthy_words(row), downtime_words(row))
    digest = code(row.digest[:_DIGEST_CHARS]) or NOTHING
    return (phase_name(row.phase), release, digest, cell(health_words(row)), *measured)
