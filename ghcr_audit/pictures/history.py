"""The past of a target: a strip of verdicts, the newest at its right end, and below it how long each rollback took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise

from ghcr_audit.history.past import Past
from ghcr_audit.language import phrase
from ghcr_audit.pictures.svg import KINDS, Paper, line, picture, state, words
from ghcr_audit.report.drill import seconds
from ghcr_audit.report.words import verdict_sign, verdict_word
from ghcr_audit.verdicts import Verdict

_STATES_AT, _WORDS_AT, _DATES_AT = 52, 84, 116
_STRIP_HEIGHT = 146
_TREND_AT, _TREND_TOP, _TREND_BOTTOM = 156, 204, 262
_HEIGHT = 286
_DOT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How wide the picture is, and how many runs stand in it."""

    name: str
    width: int
    runs: int
    step: int
    """From one run to the next."""

    def x(self, at: int) -> float:
        """The middle of a run's column."""
        return 16 + self.step / 2 + at * self.step


_WIDE = _Layout(name="history", width=960, runs=14, step=66)
_NARROW = _Layout(name="history-narrow", width=340, runs=5, step=61)
RUNS_SHOWN = _WIDE.runs
"""Older ones are left out of the picture."""


def draw_history(pasts: Sequence[Past], *, narrow: bool = False) -> str:
    """The picture of these runs, newest first as they are listed: 960 pixels wide; `narrow`: 340."""
    layout = _NARROW if narrow else _WIDE
    shown = tuple(reversed(pasts[: layout.runs]))
    paper = Paper(
        name=layout.name,
        title=phrase("Past runs"),
        description=_told(pasts[: layout.runs]),
        width=layout.width,
        height=_HEIGHT if _measured(shown) else _STRIP_HEIGHT,
    )
    return picture(paper, _drawn(shown, layout))


def history_line(pasts: Sequence[Past]) -> str:
    """One sentence on these runs, newest first: how many passed, and the last rollback against those before it."""
    passed = sum(past.verdict.passed for past in pasts)
    counted = phrase("{passed} of {count} runs passed.", passed=passed, count=len(pasts))
    taken = [past.rollback_ms for past in pasts if past.rollback_ms is not None]
    if not taken:
        return f"{counted} {phrase('No rollback was measured.')}"
    last, before = seconds(taken[0]), taken[1:]
    if not before:
        return f"{counted} {phrase('The only measured rollback took {last}.', last=last)}"
    least, most = seconds(min(before)), seconds(max(before))
    span = least if least == most else phrase("{least} to {most}", least=least, most=most)
    return f"{counted} {phrase('The last rollback took {last}; before it: {span}.', last=last, span=span)}"


def _told(pasts: Sequence[Past]) -> str:
    runs = "; ".join(map(_run_words, pasts))
    return f"{history_line(pasts)} {phrase('Newest first')}: {runs}."


def _run_words(past: Past) -> str:
    took = phrase("rollback {time}", time=seconds(past.rollback_ms)) if past.rollback_ms is not None else ""
    cause = past.main_cause.value if past.main_cause is not None else ""
    about = ", ".join(filter(None, (verdict_word(past.verdict), cause, took)))
    return f"{past.finished_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC {past.tag}: {about}"


def _drawn(shown: Sequence[Past], layout: _Layout) -> Iterator[str]:
    """Run by run from left to right; `shown` is oldest first."""
    columns = layout.width // 7 - 2
    yield words(phrase("Verdicts, the newest at the right"), x=16, y=24, columns=columns, look="dim", size=12)
    for at, past in enumerate(shown):
        yield from _column(past, layout.x(at))
    if _measured(shown):
        title = phrase("Rollback until healthy again")
        yield words(title, x=16, y=_TREND_AT + 12, columns=columns, look="dim", size=12)
        yield from _trend(shown, layout)


def _column(past: Past, x: float) -> Iterator[str]:
    """A run: the shape of its verdict, the verdict in words, and when it ended (UTC)."""
    yield state(verdict_sign(past.verdict), x=x, y=_STATES_AT)
    yield f'<g class="{KINDS[verdict_sign(past.verdict)]}">'
    for row, word in enumerate(_short(past.verdict)):
        yield words(word, x=x, y=_WORDS_AT + 13 * row, columns=12, size=11, look="word", anchor="middle")
    yield "</g>"
    ended = past.finished_at.astimezone(UTC)
    for row, text in enumerate((f"{ended:%m-%d}", f"{ended:%H:%M}")):
        yield words(text, x=x, y=_DATES_AT + 14 * row, columns=8, size=11, look="dim", anchor="middle")


def _short(verdict: Verdict) -> tuple[str, ...]:
    """A verdict in the room of a column."""
    if verdict is Verdict.PASSED_WITH_WARNINGS:
        return (phrase("Passed,"), phrase("warnings"))
    if verdict is Verdict.RESTORE_FAILED:
        return tuple(phrase("Restore failed").split(" ", 1))
    return (verdict_word(verdict).partition("(")[0],)  # in other languages the English name follows in brackets


def _measured(shown: Sequence[Past]) -> tuple[tuple[int, int], ...]:
    """Place and milliseconds of every rollback that was measured."""
    return tuple((at, past.rollback_ms) for at, past in enumerate(shown) if past.rollback_ms is not None)


def _trend(shown: Sequence[Past], layout: _Layout) -> Iterator[str]:
    """From zero at the bottom line: a dot with its time for each rollback, joined; a dash where there was none."""
    measured = _measured(shown)
    longest = max((ms for _, ms in measured), default=0) or 1
    dots = [(layout.x(at), _TREND_BOTTOM - (_TREND_BOTTOM - _TREND_TOP) * ms / longest, ms) for at, ms in measured]
    yield line(16, _TREND_BOTTOM, layout.x(len(shown) - 1) + layout.step / 2, _TREND_BOTTOM)
    yield words("0 s", x=16, y=_TREND_BOTTOM + 14, columns=6, size=11, look="dim")
    for (x1, y1, _), (x2, y2, _) in pairwise(dots):
        yield line(x1, y1, x2, y2)
    for x, y, ms in dots:
        yield f'<circle class="bar" cx="{x:.1f}" cy="{y:.1f}" r="{_DOT}"/>'
        yield words(seconds(ms), x=x, y=y - 9, columns=12, size=11, look="strong", anchor="middle")
    without = set(range(len(shown))) - {at for at, _ in measured}
    for at in sorted(without):
        yield words("–", x=layout.x(at), y=_TREND_BOTTOM - 6, columns=2, size=11, look="dim", anchor="middle")
