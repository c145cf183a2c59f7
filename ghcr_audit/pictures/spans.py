"""The run in time, as numbers: when each link was looked at, when a person was waited for, when health was lost.

All moments are seconds since the report's `started_at`, by the controller's clock. What one exec on the host asked
shares its beginning; how long each took is the host's own measure.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ghcr_audit.audit import HOST_REACHED
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.drill.timeline import Times
from ghcr_audit.evidence import Link, Observation
from ghcr_audit.report.model import Report

_LONGEST_MS = 30 * 24 * 60 * 60 * 1000
"""Thirty days: no question lasts longer, whatever a file says."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """From `begin_s` to `end_s`, never backwards."""

    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Its length in seconds."""
        return self.end_s - self.begin_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The time without a healthy answer in one phase of a drill.

    Its length was measured on the host. Its place is right to about a second: nobody knows how long the exec's
    questions travelled. Several pieces are drawn as one, which ends where the last of them did.
    """

    phase: Phase
    span: Span
    pieces: bool
    still_down: bool


def looked_at(report: Report, link: Link) -> tuple[Span, ...]:
    """When a link was looked at, in order; what overlaps or touches is one span."""
    return merged(_span(report, one) for one in report.observations if one.link is link)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order; those that overlap or touch are one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.begin_s <= found[-1].end_s:
            found[-1] = Span(begin_s=found[-1].begin_s, end_s=max(found[-1].end_s, span.end_s))
        else:
            found.append(span)
    return tuple(found)


def waits(report: Report) -> tuple[Span, ...]:
    """When a person was waited for: every answered credential attempt, from the question to the answer."""
    answered = ((one.asked_at, one.answered_at) for one in report.attempts)
    known = ((since, until) for since, until in answered if since is not None and until is not None)
    moments = (((since - report.started_at).total_seconds(), (until - since).total_seconds()) for since, until in known)
    return merged(Span(begin_s=begin, end_s=begin + length) for begin, length in moments if length > 0)


def outages(report: Report) -> tuple[Outage, ...]:
    """The outages that a drill measured, one for each phase that had any."""
    rows = report.drill.rows if report.drill is not None else ()
    timed = ((row.phase, row.times) for row in rows if row.phase is not Phase.BEFORE)
    found = (_outage(report, phase, times) for phase, times in timed if times is not None and times.downtime_ms)
    return tuple(one for one in found if one is not None)


def whole(report: Report) -> Span:
    """The whole run: from its start, or what came before, to its end, or what came after."""
    seen = [_span(report, one) for one in report.observations]
    lasted_s = max((report.finished_at - report.started_at).total_seconds(), 0)
    moments = [*seen, *waits(report), *(one.span for one in outages(report))]
    begin_s = min((span.begin_s for span in moments), default=0)
    end_s = max((span.end_s for span in moments), default=0)
    return Span(begin_s=min(begin_s, 0), end_s=max(end_s, lasted_s))


def _span(report: Report, observation: Observation) -> Span:
    begin_s = (observation.observed_at - report.started_at).total_seconds()
    return Span(begin_s=begin_s, end_s=begin_s + min(observation.duration_ms, _LONGEST_MS) / 1000)


def _outage(report: Report, phase: Phase, times: Times) -> Outage | None:
    """Where an outage lies: it ends when health came back, or else when the polling ended."""
    end_s = _healthy_again_s(report, phase, times)
    if end_s is None or times.downtime_ms is None:
        return None
    down_s = min(times.downtime_ms, _LONGEST_MS) / 1000
    pieces = times.longest_ms is not None and times.longest_ms < times.downtime_ms
    span = Span(begin_s=end_s - down_s, end_s=end_s)
    return Outage(phase=phase, span=span, pieces=pieces, still_down=times.still_down)


def _healthy_again_s(report: Report, phase: Phase, times: Times) -> float | None:
    still_down = times.still_down or times.healthy_after_ms is None
    begin_s = _asked_s(report, f"{phase.value}.{'times' if still_down else 'action'}")
    if begin_s is None:
        return None
    return begin_s if still_down else begin_s + min(times.healthy_after_ms or 0, _LONGEST_MS) / 1000


def _asked_s(report: Report, key: str) -> float | None:
    """When the newest question of this key began: an exec asks one after the other, in the order of their answers."""
    at = next((at for at in reversed(range(len(report.observations))) if report.observations[at].key == key), None)
    if at is None:
        return None
    began = report.observations[at].observed_at
    same_exec = [one for one in report.observations[:at] if one.observed_at == began and one.key != HOST_REACHED]
    earlier_ms = sum(min(one.duration_ms, _LONGEST_MS) for one in same_exec)
    return (began - report.started_at).total_seconds() + earlier_ms / 1000
