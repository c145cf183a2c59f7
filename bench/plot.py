"""Curves as a picture: a few measured points for each contender, logarithmic upwards, names at their ends."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ghcr_audit.pictures.svg import Paper, line, picture, words

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 500.0, 44.0, 370.0
_NAME_APART = 17.0
_NAME_COLUMNS = 34
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of the picture; `ours` is drawn so that it is seen first."""

    name: str
    points: tuple[tuple[float, float], ...]
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn: curves over common x values, with the words for both axes."""

    name: str
    title: str
    x_words: str
    y_words: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From values to pixels: x is linear, y logarithmic."""

    x_most: float
    y_least: float
    y_most: float

    def x(self, value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * value / self.x_most

    def y(self, value: float) -> float:
        share = math.log(value / self.y_least) / math.log(self.y_most / self.y_least)
        return _BOTTOM - (_BOTTOM - _TOP) * share

    def marks(self) -> Iterator[float]:
        """Round values that lie inside: 1, 2 and 5 of each power of ten."""
        power = math.floor(math.log10(self.y_least))
        while 10.0**power <= self.y_most:
            yield from (v for step in _STEPS if self.y_least <= (v := step * 10.0**power) <= self.y_most)
            power += 1


def drawn(chart: Chart) -> str:
    """The chart as an SVG document. Every value has to be positive, and every curve needs a point."""
    scale = _scale(chart.curves)
    paper = Paper(name=chart.name, title=chart.title, description=_description(chart), width=_WIDTH, height=_HEIGHT)
    return picture(paper, (*_frame(chart, scale), *_curves(chart.curves, scale)))


def _scale(curves: Sequence[Curve]) -> _Scale:
    values = [y for curve in curves for _, y in curve.points]
    most = max(x for curve in curves for x, _ in curve.points)
    return _Scale(x_most=most or 1.0, y_least=min(values) / 1.3, y_most=max(values) * 1.3)


def _description(chart: Chart) -> str:
    return "; ".join(
        f"{curve.name}: " + ", ".join(f"{y:.2f} at {x:g}" for x, y in curve.points) for curve in chart.curves
    )


def _frame(chart: Chart, scale: _Scale) -> Iterator[str]:
    yield words(chart.title, x=_LEFT, y=24, columns=90, size=14, look="strong")
    for value in scale.marks():
        y = scale.y(value)
        yield line(_LEFT, y, _RIGHT, y, look="hatch")
        yield words(f"{value:g}", x=_LEFT - 8, y=y + 4, columns=8, size=11, look="dim", anchor="end")
    for value in sorted({x for curve in chart.curves for x, _ in curve.points}):
        yield words(f"{value:g}", x=scale.x(value), y=_BOTTOM + 18, columns=8, size=11, look="dim", anchor="middle")
    yield words(chart.x_words, x=_LEFT, y=_BOTTOM + 38, columns=70, size=12, look="dim")
    yield words(chart.y_words, x=_RIGHT, y=_BOTTOM + 38, columns=40, size=12, look="dim", anchor="end")


def _curves(curves: Sequence[Curve], scale: _Scale) -> Iterator[str]:
    for curve in curves:
        style = 'stroke="var(--bar)" stroke-width="3"' if curve.ours else 'stroke="var(--edge)" stroke-width="1.5"'
        path = "L".join(f"{scale.x(x):.1f} {scale.y(y):.1f}" for x, y in curve.points)
        yield f'<path d="M{path}" fill="none" {style}/>'
        dots = (f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="3"/>' for x, y in curve.points)
        yield f'<g class="{"bar" if curve.ours else "dim"}">{"".join(dots)}</g>'
    yield from _names(curves, scale)


def _names(curves: Sequence[Curve], scale: _Scale) -> Iterator[str]:
    """Each name beside the end of its curve, moved down where the one above it is too near."""
    lowest = -math.inf
    for curve in sorted(curves, key=lambda curve: -curve.points[-1][1]):
        lowest = max(scale.y(curve.points[-1][1]) + 4, lowest + _NAME_APART)
        text = f"{curve.name} {curve.points[-1][1]:.1f}"
        look = "strong" if curve.ours else "dim"
        yield words(text, x=_RIGHT + 10, y=lowest, columns=_NAME_COLUMNS, size=12, look=look)
