"""The run as a Gantt chart: a lane for each link, one for waiting, and one for the downtime that a drill measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.language import phrase
from ghcr_audit.pictures.axis import FOLD_WIDTH, Axis, axis_of
from ghcr_audit.pictures.spans import Outage, Span, looked_at, outages, waits, whole
from ghcr_audit.pictures.svg import Paper, box, line, picture, words
from ghcr_audit.report.drill import change_name, seconds
from ghcr_audit.report.model import DrillSummary, LinkState, Report
from ghcr_audit.report.words import NOT_RUN, duration, every_link, link_name, link_sign, timings

_THINNEST = 2.0
"""Pixels: what was quicker than that is still to be seen."""
_BAR = 12
_HEAD = 56
_CHANGES = (Phase.DEPLOYED, Phase.ROLLED_BACK, Phase.RESTORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where things stand: beside each other on a wide picture, below each other on a narrow one."""

    name: str
    width: int
    row: int
    bars_from: int
    bars_width: int
    tells_at: int
    tells_columns: int
    bar_below: int
    """From a lane's words to its bar."""


_WIDE = _Layout(
    name="timeline", width=960, row=28, bars_from=120, bars_width=530, tells_at=664, tells_columns=44, bar_below=-11
)
_NARROW = _Layout(
    name="timeline-narrow", width=340, row=42, bars_from=16, bars_width=308, tells_at=104, tells_columns=34, bar_below=6
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """One line of the chart."""

    name: str
    tells: str
    """Its times in words."""
    spans: tuple[Span, ...] = ()
    look: str = "bar"


def draw_timeline(report: Report, *, narrow: bool = False) -> str:
    """The picture, 960 pixels wide; `narrow`: 340."""
    layout = _NARROW if narrow else _WIDE
    found_waits, lanes = waits(report), tuple(_lanes(report))
    axis = axis_of(whole(report), found_waits, left=layout.bars_from, width=layout.bars_width)
    height = _HEAD + layout.row * len(lanes) + (24 if axis.folds else 14)
    told = "; ".join(f"{lane.name}: {lane.tells}" for lane in lanes)
    paper = Paper(
        name=layout.name,
        title=phrase("The run in time"),
        description=f"{_title(report)}. {told}.",
        width=layout.width,
        height=height,
    )
    return picture(paper, _drawn(report, layout, axis, lanes))


def _title(report: Report) -> str:
    return f"{report.started_at.isoformat(sep=' ', timespec='seconds')}, {timings(report)}"


def _lanes(report: Report) -> Iterator[_Lane]:
    for state in every_link(report):
        yield _link(report, state)
    yield _waiting(report)
    if report.drill is not None and report.drill.touched:
        yield _downtime(report.drill, outages(report))


def _link(report: Report, state: LinkState) -> _Lane:
    sign, spans = link_sign(state), looked_at(report, state.link)
    tells = duration(sum(span.length_s for span in spans)) if spans else _without_times(state)
    return _Lane(name=f"{link_name(state.link)} {sign}", tells=tells, spans=spans)


def _without_times(state: LinkState) -> str:
    nothing = phrase("nothing asked for it alone")
    return phrase("not run") if link_sign(state) == NOT_RUN else nothing


def _waiting(report: Report) -> _Lane:
    spans = waits(report)
    waited_s = sum(span.length_s for span in spans) or report.waited_s
    time = duration(waited_s)
    known = phrase("{time} for a person", time=time)
    told = known if spans else phrase("{time} for a person (when is not known)", time=time)
    tells = told if waited_s else phrase("none")
    return _Lane(name=phrase("waiting"), tells=tells, spans=spans, look="wait")


def _downtime(drill: DrillSummary, found: tuple[Outage, ...]) -> _Lane:
    """All that was measured, in words; and those of it whose place is known, as bars."""
    measured = [(phase, ms) for phase in _CHANGES if (ms := drill.downtime_ms(phase)) is not None]
    told = [f"{change_name(phase)} {seconds(ms)}" for phase, ms in measured if ms]
    nothing = phrase("none seen") if measured else phrase("not measured")
    spans = tuple(one.span for one in found)
    return _Lane(name=phrase("downtime"), tells=", ".join(told) or nothing, spans=spans, look="down")


def _drawn(report: Report, layout: _Layout, axis: Axis, lanes: tuple[_Lane, ...]) -> Iterator[str]:
    bottom = _HEAD + layout.row * len(lanes)
    yield words(_title(report), x=16, y=22, columns=layout.width // 7 - 4, size=12, look="dim")
    yield from _ticks(axis, bottom)
    at = [_HEAD + layout.row * number + 18 for number in range(len(lanes))]
    yield from (box("lane", x=axis.left, y=y + layout.bar_below, width=axis.width, height=_BAR) for y in at)
    for fold in axis.folds:
        yield from _fold(fold, axis, bottom)
    for y, lane in zip(at, lanes, strict=True):
        yield from _lane(lane, layout, axis, y=y)


def _ticks(axis: Axis, bottom: float) -> Iterator[str]:
    for moment in axis.ticks(64):
        x = axis.x(moment)
        yield line(x, 46, x, bottom, look="hatch")
        yield words(_elapsed(moment), x=x, y=42, columns=12, size=11, look="dim", anchor="middle")


def _lane(lane: _Lane, layout: _Layout, axis: Axis, *, y: float) -> Iterator[str]:
    top = y + layout.bar_below
    yield words(lane.name, x=16, y=y, columns=16, look="strong")
    yield words(lane.tells, x=layout.tells_at, y=y, columns=layout.tells_columns, size=12, look="dim")
    for x, width in _bars(lane.spans, axis):
        yield box(lane.look, x=x, y=top, width=width, height=_BAR)


def _bars(spans: tuple[Span, ...], axis: Axis) -> list[tuple[float, float]]:
    """Where bars begin and how wide they are; spans that would touch are one: there are never more bars than pixels."""
    bars: list[tuple[float, float]] = []
    for span in spans:
        x, end = axis.x(span.begin_s), axis.x(span.end_s)
        if bars and x <= sum(bars[-1]) + 1:
            x, before = bars.pop()
            end = max(end, x + before)
        bars.append((x, max(end - x, _THINNEST)))
    return bars


def _fold(fold: Span, axis: Axis, bottom: float) -> Iterator[str]:
    """A wait that is not drawn to scale: a strip behind all lanes, with its length in words below."""
    x = axis.x(fold.begin_s)
    told, middle = duration(fold.length_s), x + FOLD_WIDTH / 2
    says = phrase("waiting: {time}", time=told)
    yield box("wait", x=x, y=46, width=FOLD_WIDTH, height=bottom - 46, says=says)
    yield words(told, x=middle, y=bottom + 14, columns=12, size=11, look="strong", anchor="middle")


def _elapsed(moment_s: float) -> str:
    """Time since the start as a stopwatch shows it: `0:02`, `0:00.5`, `2:03:04`, `-0:01`."""
    tenths = round(abs(moment_s) * 10)
    minutes, left = divmod(tenths, 600)
    clock = f"{minutes // 60}:{minutes % 60:02}:{left // 10:02}" if minutes >= 60 else f"{minutes}:{left // 10:02}"  # noqa: PLR2004 - an hour
    fraction = f".{left % 10}" if left % 10 else ""
    return f"{'-' if moment_s < 0 and tenths else ''}{clock}{fraction}"
