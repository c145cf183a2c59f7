"""When the service was healthy while something changed: what the polling of drill.sh (`poll_start`, `poll_end`) saw.

The host's own clock tells all moments, in centiseconds of its uptime; no clock that somebody sets moves them. Health
is asked again 50 ms after each answer, and an answer may take a second: an outage is known to within one such round
at each of its ends, and one that falls between two questions is not seen at all.
"""

import re
from dataclasses import dataclass

from pydantic import Field

from ghcr_audit.evidence import Observation, Value

_MAX_CHARS = 64 * 1024
"""As much as `poll_end` prints."""
_MAX_LINES = 5000
_MAX_SPAN = 24 * 60 * 60 * 100
"""A day, in centiseconds: no phase lasts longer."""
_LINE = re.compile(r"([0-9]{1,15}) (?:(begin|asked|end|up|down) ([0-9]{1,15})|(stop))", re.ASCII)


class Times(Value):
    """One phase of a drill in milliseconds; None: not measured."""

    took_ms: int | None = Field(default=None, ge=0)
    """How long the action's command ran; None where there was none, or nobody saw it end."""
    healthy_after_ms: int | None = Field(default=None, ge=0)
    """From the action's begin (without one: from the first answer) to the first healthy answer after the last
    unhealthy one. A service that never failed to answer is as new once the command has ended: then `took_ms`, or 0
    without an action. None while it still is down."""
    downtime_ms: int | None = Field(default=None, ge=0)
    """All time without a healthy answer from that same begin to the end of the polling."""
    longest_ms: int | None = Field(default=None, ge=0)
    """The longest time of it in one piece."""
    asked: int = Field(default=0, ge=0)
    """How often health was asked; 0: there was nothing to ask, or the polling did not end as it should."""
    still_down: bool = False
    """The last answer was no healthy one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """One line: when, what, and the number behind it."""

    at: int
    kind: str
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outage:
    """Without a healthy answer from `since` on, until `until`; None: it never came back."""

    since: int
    until: int | None


def times(observation: Observation | None) -> Times | None:
    """What PHASE.times says; None when it was not observed whole, or is not what drill.sh writes.

    A polling that ended before it was told to has not seen everything: then health counts as not measured.
    """
    marks = _marks(observation)
    if marks is None:
        return None
    begin, asked, stop = (_last(marks, kind) for kind in ("begin", "asked", "stop"))
    took_ms = _took_ms(marks, begin)
    answers = [mark for mark in marks if mark.kind in ("up", "down")]
    if not answers or asked is None or not asked.number or stop is None or asked.at < stop.at:
        return Times(took_ms=took_ms)
    start = begin.at if begin is not None else answers[0].at
    if start > stop.at:
        return Times(took_ms=took_ms)
    outages = [outage for outage in _outages(answers) if outage.until is None or outage.until > start]
    spans_ms = [_span_ms(outage, start, stop.at) for outage in outages]
    never_down_ms = took_ms if begin is not None else 0
    return Times(
        took_ms=took_ms,
        healthy_after_ms=_healthy_after_ms(outages[-1], start) if outages else never_down_ms,
        downtime_ms=sum(spans_ms),
        longest_ms=max(spans_ms, default=0),
        asked=asked.number,
        still_down=answers[-1].kind == "down",
    )


def _marks(observation: Observation | None) -> list[_Mark] | None:
    """The lines by their time; None when one of them is none of ours: a lost line would shift every sum."""
    if observation is None or not observation.ok or observation.cut or len(observation.stdout) > _MAX_CHARS:
        return None
    found = [_LINE.fullmatch(line) for line in observation.stdout.split("\n") if line]
    lines = [line for line in found if line is not None]
    if not lines or len(lines) != len(found) or len(lines) > _MAX_LINES:
        return None
    marks = [_Mark(at=int(line[1]), kind=line[2] or line[4], number=int(line[3] or 0)) for line in lines]
    marks.sort(key=lambda mark: mark.at)
    return marks if marks[-1].at - marks[0].at <= _MAX_SPAN else None


def _last(marks: list[_Mark], kind: str) -> _Mark | None:
    return next((mark for mark in reversed(marks) if mark.kind == kind), None)


def _took_ms(marks: list[_Mark], begin: _Mark | None) -> int | None:
    end = _last(marks, "end")
    return (end.at - begin.at) * 10 if begin is not None and end is not None and end.at >= begin.at else None


def _outages(answers: list[_Mark]) -> list[_Outage]:
    """Pieces of time without a healthy answer, in order."""
    found: list[_Outage] = []
    since: int | None = None
    for answer in answers:
        if answer.kind == "down" and since is None:
            since = answer.at
        elif answer.kind == "up" and since is not None:
            found.append(_Outage(since=since, until=answer.at))
            since = None
    return found if since is None else [*found, _Outage(since=since, until=None)]


def _span_ms(outage: _Outage, start: int, stop: int) -> int:
    """How much of it lies between begin and stop."""
    until = stop if outage.until is None else min(outage.until, stop)
    return max(until - max(outage.since, start), 0) * 10


def _healthy_after_ms(last: _Outage, start: int) -> int | None:
    return None if last.until is None else (last.until - start) * 10
