"""docs/performance.md: what was measured stands between markers there, and is written anew each time."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from bench.figures import Spread
from bench.goals import Goal, goals
from bench.machine import Machine
from bench.plot import Chart, Curve
from bench.results import (
    CheckResult,
    DrillResult,
    FleetResult,
    LibrariesResult,
    OrchestrationResult,
    PrefectFleetPoint,
    PrefectFleetResult,
    RedactionResult,
    Results,
)

_R = TypeVar("_R")
_MOST_KINDS = 12
"""So many kinds of requests are told; the others in one row."""
_MARKED = r"(<!-- bench:{name} -->\n).*?(<!-- bench:end -->)"


class PageError(ValueError):
    """The page has no place for what was measured."""


def written(page: str, results: Results) -> str:
    """The page with every part that was measured in its place.

    Raises:
        PageError: the page lacks the markers of a part.
    """
    for name, text in parts(results):
        page = between(page, name, text)
    return page


def between(page: str, name: str, text: str) -> str:
    """The page with `text` between `<!-- bench:NAME -->` and the next `<!-- bench:end -->`.

    Raises:
        PageError: there is not exactly one such place.
    """
    replaced, places = re.subn(
        _MARKED.format(name=re.escape(name)), lambda at: f"{at[1]}\n{text}\n\n{at[2]}", page, flags=re.DOTALL
    )
    if places != 1:
        raise PageError(f"bench:{name}: {places} places for it (expected one, up to bench:end)")
    return replaced


def parts(results: Results) -> Iterator[tuple[str, str]]:
    """Name and text of every part of which something was measured."""
    promised = goals(results)
    told = (
        ("goals", goals_table(promised) if promised else ""),
        ("check", _part(results.check, _check)),
        ("fleet", _part(results.fleet, _fleet)),
        ("libraries", _part(results.libraries, _libraries)),
        ("redaction", _part(results.redaction, _redaction)),
        ("orchestration", _part(results.orchestration, _orchestration)),
        ("drill", _part(results.drill, _drill)),
        ("fleet-prefect", _part(results.fleet_prefect, _fleet_prefect)),
    )
    yield from ((name, text) for name, text in told if text)


def _part(result: _R | None, told: Callable[[_R], str]) -> str:
    return "" if result is None else told(result)


def goals_table(promised: Sequence[Goal]) -> str:
    """Promised and measured."""
    rows = (
        (goal.words, f"{'≥' if goal.at_least else '≤'} {goal.limit:g}{goal.unit}", _measured(goal), _kept(goal))
        for goal in promised
    )
    return table(("Goal", "Promised", "Measured", ""), rows)


def _measured(goal: Goal) -> str:
    whole = float(goal.figure).is_integer() and not goal.unit
    return f"{goal.figure:g}" if whole else f"{goal.figure:.2f}{goal.unit}"


def _kept(goal: Goal) -> str:
    return "met" if goal.met else "**not met**"


def table(heads: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table; its cells are ours."""
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |", *lines))


def _check(result: CheckResult) -> str:
    heads = ("Seconds, median (middle half)", *(f"{delay} ms" for delay in result.delays), "goes", "CPU s at 0 ms")
    ways = {one.contender: one.words for one in result.timings}
    rows = (_contender_row(result, name, words) for name, words in ways.items())
    others = [name for name in ways if name != "check"]
    times_heads = ("A check takes so many times as long as", *(f"{delay} ms" for delay in result.delays))
    times = ((ways[name], *(f"{value:.2f}" for value in result.times(name).values())) for name in others)
    counted = (
        f"{result.commands} commands. One check: {result.connections} connection, {result.round_trips} round trips "
        f"(`ssh host sh -s`: {result.ssh_round_trips}), {result.start_s:.2f} CPU s for interpreter and imports."
    )
    return "\n\n".join((f"{_said(result.machine)} {counted}", table(heads, rows), table(times_heads, times)))


def _contender_row(result: CheckResult, name: str, words: str) -> tuple[str, ...]:
    ours = sorted((one for one in result.timings if one.contender == name), key=lambda one: one.round_trip_ms)
    counts = "/".join(str(count) for count in sorted({one.wall_s.count for one in ours}))
    return (words, *(_seconds(one.wall_s) for one in ours), counts, f"{ours[0].cpu_s:.2f}")


def _seconds(wall_s: Spread) -> str:
    return f"{wall_s.median:.2f} ({wall_s.lower:.2f}-{wall_s.upper:.2f})"


def _fleet(result: FleetResult) -> str:
    rows = (
        (str(point.hosts), f"{point.wall_s:.2f}", f"{point.cpu_s:.2f}", f"{point.peak_mb:.0f}")
        for point in result.points
    )
    grown = (
        f"Each added host costs {result.cpu_ms_per_host:.1f} ms of processor time here; 100 hosts take "
        f"{result.peak_mb_at_100:.1f} MB more than one."
    )
    return "\n\n".join((f"{_said(result.machine)} {grown}", table(("Hosts", "Wall s", "CPU s", "Peak MB"), rows)))


def _libraries(result: LibrariesResult) -> str:
    heads = ("", "CPU ms for each added host", "Import ms", "One host at 100 ms, s")
    rows = (
        (point.words, f"{point.cpu_ms_per_host:.1f}", f"{point.import_ms:.0f}", f"{point.far_s:.2f}")
        for point in result.points
    )
    return "\n\n".join((_said(result.machine), table(heads, rows)))


def _redaction(result: RedactionResult) -> str:
    rows = ((name.replace("_", " "), f"{speed:.1f}") for name, speed in result.mb_per_cpu_s.items())
    return "\n\n".join((_said(result.machine), table(("Text", "MB per CPU second"), rows)))


def _orchestration(result: OrchestrationResult) -> str:
    beside = (
        f"A flow run takes {_seconds(result.flow_s)} s, a check {_seconds(result.check_s)} s: "
        f"{result.overhead_s:.2f} s more ({result.flow_s.count} goes each). A run that waits for a credential has "
        f"{result.suspended_processes or 'no'} process."
    )
    stages = table(("Of a flow run", "s"), ((one.name, f"{one.seconds:.2f}") for one in result.stages))
    counts = ", ".join(map(str, result.requests))
    asked = f"API requests that a run caused, one run after the other: {counts}. Those of the last by kind:"
    kinds = table(("Request", "times"), ((f"`{kind}`", str(count)) for kind, count in _told(result.request_kinds)))
    return "\n\n".join((f"{_said(result.machine)} {beside}", stages, asked, kinds))


def _told(kinds: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent kinds, and how many all others come to."""
    ordered = sorted(kinds.items(), key=lambda one: -one[1])
    others = sum(count for _, count in ordered[_MOST_KINDS:])
    return [*ordered[:_MOST_KINDS], *([("(others)", others)] if others else [])]


def _drill(result: DrillResult) -> str:
    rows = (
        ("the target's own deploy command, by hand", result.deploy_by_hand_s),
        ("the target's own rollback, by hand", result.rollback_by_hand_s),
        ("in a drill: the same rollback, on the host", result.command_s),
        ("in a drill: from its begin to healthy", result.healthy_s),
        (f'in a drill: from "roll back" to verified, {result.window_s:g} s of it the wanted window', result.verified_s),
    )
    return "\n\n".join(
        (
            f"{_said(result.machine)} {result.verified_s.count} goes each.",
            table(("", "s, median (middle half)"), ((words, _seconds(measured)) for words, measured in rows)),
        )
    )


def _fleet_prefect(result: PrefectFleetResult) -> str:
    heads = (
        "Workers",
        "Targets",
        "Wall s",
        "Audits/min",
        "Slowest s",
        "CPU s",
        "of the server",
        "Peak MB",
        "Cores busy",
    )
    verdicts = "; ".join(f"{one.workers}: {_verdicts(one)}" for one in result.points)
    told = f"{_said(result.machine)} Verdicts by number of workers: {verdicts}."
    return "\n\n".join((told, table(heads, map(_fleet_prefect_row, result.points))))


def _verdicts(point: PrefectFleetPoint) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(point.verdicts.items()))


def _fleet_prefect_row(point: PrefectFleetPoint) -> tuple[str, ...]:
    return (
        str(point.workers),
        str(point.targets),
        f"{point.wall_s:.0f}",
        f"{point.audits_per_minute:.0f}",
        f"{point.slowest_s:.1f}",
        f"{sum(point.cpu_s):.0f}",
        f"{point.server_cpu_s:.0f}",
        " + ".join(f"{one:.0f}" for one in point.peak_mb),
        f"{point.busy:.0%}",
    )


def _said(machine: Machine) -> str:
    busy = " **Others were at work on it: times and ratios are worse than on a quiet one.**" if machine.busy else ""
    return f"Measured {machine.words}.{busy}"


def charts(results: Results) -> Iterator[Chart]:
    """The pictures of what was measured, named as the page shows them."""
    if results.check:
        yield check_chart(results.check)


def check_chart(result: CheckResult) -> Chart:
    """Seconds over the round trip, for each contender."""
    ways = {one.contender: one.words.replace("`", "") for one in result.timings}
    return Chart(
        name="performance-check",
        title="One read-only audit: seconds over the round trip to the host",
        x_words="round trip, ms",
        y_words="seconds (logarithmic)",
        curves=tuple(
            Curve(
                name=words,
                points=tuple((float(d), s) for d in result.delays if (s := result.seconds(name, d)) is not None),
                ours=name == "check",
            )
            for name, words in ways.items()
        ),
    )
