"""What many measurements of one thing come to: the median, and how far the middle half of them spreads."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_QUARTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median with its quartiles, in the unit of what was measured."""

    count: int
    lower: float
    median: float
    upper: float


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value; of a single one, lower and upper are that value.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("spread: nothing was measured")
    if len(values) == 1:
        return Spread(count=1, lower=values[0], median=values[0], upper=values[0])
    lower, median, upper = statistics.quantiles(values, n=_QUARTERS, method="inclusive")
    return Spread(count=len(values), lower=lower, median=median, upper=upper)


def ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    """How many times `other` our median is."""
    return statistics.median(ours) / statistics.median(other)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By how much y grows with each x: least squares over two points or more."""
    line = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
    return line.slope
