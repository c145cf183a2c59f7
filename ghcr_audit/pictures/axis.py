"""The time axis of a picture: work to scale, waiting for a person folded to a strip of its own."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ghcr_audit.pictures.spans import Span

FOLD_WIDTH = 74
"""Pixels that a wait takes, however long it was."""
_SHORTEST_FOLD_S = 20.0
"""A shorter wait is drawn to scale."""
_MAX_FOLDS = 3
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From seconds to pixels: `whole` takes `width` from `left` on; `folds` are the waits that take FOLD_WIDTH each."""

    whole: Span
    folds: tuple[Span, ...]
    left: float
    width: float

    @property
    def scale(self) -> float:
        """Pixels for a second of work."""
        worked_s = self.whole.length_s - sum(fold.length_s for fold in self.folds)
        return (self.width - FOLD_WIDTH * len(self.folds)) / max(worked_s, 0.001)

    def x(self, moment_s: float) -> float:
        """Where a moment lies; what lies outside of the whole is drawn at its edge."""
        inside = min(max(moment_s, self.whole.begin_s), self.whole.end_s)
        worked_s, folded = inside - self.whole.begin_s, 0.0
        for fold in self.folds:
            passed_s = min(max(inside - fold.begin_s, 0), fold.length_s)
            worked_s -= passed_s
            folded += FOLD_WIDTH * passed_s / fold.length_s
        return self.left + worked_s * self.scale + folded

    def ticks(self, pixels_apart: float) -> Iterator[float]:
        """Round moments, at least so far apart, none inside a fold."""
        step = self._step(pixels_apart / self.scale)
        for worked in self._worked():
            first, last = math.ceil(worked.begin_s / step), math.floor(worked.end_s / step)
            yield from (number * step for number in range(first, last + 1))

    def _worked(self) -> Iterator[Span]:
        """What lies between the folds."""
        begin_s = self.whole.begin_s
        for fold in self.folds:
            yield Span(begin_s=begin_s, end_s=fold.begin_s)
            begin_s = fold.end_s
        yield Span(begin_s=begin_s, end_s=self.whole.end_s)

    def _step(self, at_least_s: float) -> float:
        days = math.ceil(at_least_s / _STEPS_S[-1]) * _STEPS_S[-1]
        return next((step for step in _STEPS_S if step >= at_least_s), days)


def axis_of(whole: Span, waits: tuple[Span, ...], *, left: float, width: float) -> Axis:
    """An axis on which the longest waits are folded: three at most, so that work keeps its room."""
    long = sorted((wait for wait in waits if wait.length_s >= _SHORTEST_FOLD_S), key=lambda wait: -wait.length_s)
    room = max(min(int(width // (FOLD_WIDTH * 2)), _MAX_FOLDS), 1)
    return Axis(whole=whole, folds=tuple(sorted(long[:room])), left=left, width=width)
