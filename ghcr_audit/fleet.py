"""Many targets audited at once, as one value: a row for each target, and what follows from all of them."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from pydantic import AwareDatetime

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Attempt, Link, Mode, Value
from ghcr_audit.language import phrase
from ghcr_audit.report.model import Report
from ghcr_audit.report.words import link_sign, main_finding, verdict_word
from ghcr_audit.verdicts import Verdict

SLOWEST = 5
"""So many of the slowest targets are named."""
_WORST_FIRST = (
    Verdict.RESTORE_FAILED,
    Verdict.BLOCKED,
    Verdict.BROKEN,
    Verdict.UNKNOWN,
    Verdict.PASSED_WITH_WARNINGS,
    Verdict.PASSED,
)
"""As a single audit weighs its claims."""


class FleetMode(StrEnum):
    """How far an audit of many targets may go. A drill interrupts services: those go one after another, elsewhere."""

    OBSERVE = Mode.OBSERVE.value
    PULL = Mode.PULL.value

    @property
    def of_audit(self) -> Mode:
        """The mode of each target's audit."""
        return Mode(self.value)


class Mark(Value):
    """How far one link came, as one sign of `report.words`."""

    link: Link
    sign: str


class Row(Value):
    """One target's audit in one line. Holds no secret: it is made from a report, and kept while a fleet waits."""

    target: str
    where: str = ""
    image: str = ""
    tag: str = ""
    login: str = ""
    """Whose credential the host uses, and for which registry: `lab at ghcr.io`; equal logins are asked for once."""
    verdict: Verdict
    marks: tuple[Mark, ...] = ()
    causes: tuple[Cause, ...] = ()
    told: str = ""
    """The surest finding in one sentence, or why there was no audit."""
    run: str = ""
    """The audit's id: what its report and its evidence are filed under."""
    finished_at: AwareDatetime
    took_s: float

    def sign(self, link: Link) -> str:
        """The sign of one link; '' where the audit did not come to judge any."""
        return next((mark.sign for mark in self.marks if mark.link is link), "")


class Fleet(Value):
    """All rows, ordered by target, and how the credentials fared that were handed over meanwhile."""

    mode: FleetMode
    rows: tuple[Row, ...]
    attempts: tuple[Attempt, ...] = ()
    started_at: AwareDatetime
    finished_at: AwareDatetime

    @property
    def verdict(self) -> Verdict:
        """The worst of all; no target at all proves nothing."""
        found = {row.verdict for row in self.rows}
        return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.UNKNOWN)

    @property
    def waited_s(self) -> float:
        """How long it waited for a person, all credentials together."""
        spans = ((one.asked_at, one.answered_at) for one in self.attempts)
        return sum((answered - asked).total_seconds() for asked, answered in spans if asked and answered)

    @property
    def totals(self) -> tuple[tuple[Verdict, int], ...]:
        """How many targets came to each verdict, the worst first; verdicts that none came to are left out."""
        counted = Counter(row.verdict for row in self.rows)
        return tuple((verdict, counted[verdict]) for verdict in _WORST_FIRST if counted[verdict])

    @property
    def slowest(self) -> tuple[Row, ...]:
        """The targets that took longest, the longest first."""
        return tuple(sorted(self.rows, key=lambda row: -row.took_s)[:SLOWEST])

    @property
    def not_passed(self) -> tuple[Row, ...]:
        """The targets that a person has to look at, the worst first."""
        failed = (row for row in self.rows if not row.verdict.passed)
        return tuple(sorted(failed, key=lambda row: (_WORST_FIRST.index(row.verdict), row.target)))


def row_of(report: Report, *, login: str, took_s: float) -> Row:
    """The row of an audit that came to a report."""
    found = main_finding(report)
    return Row(
        target=report.target,
        where=report.host,
        image=report.image,
        tag=report.tag,
        login=login,
        verdict=report.verdict,
        marks=tuple(Mark(link=state.link, sign=link_sign(state)) for state in report.links),
        causes=tuple(dict.fromkeys(finding.cause for finding in report.findings)),
        told=found.summary if found else "",
        run=report.run,
        finished_at=report.finished_at,
        took_s=took_s,
    )


def lost_row(target: str, told: str, *, at: AwareDatetime, took_s: float = 0.0) -> Row:
    """The row of a target that could not be audited at all: unknown, and why."""
    return Row(target=target, verdict=Verdict.UNKNOWN, told=told, finished_at=at, took_s=took_s)


def replaced(rows: Iterable[Row], newer: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, each in the newest state, ordered by target."""
    known = {row.target: row for row in (*rows, *newer)}
    return tuple(known[name] for name in sorted(known))


def next_blocked(rows: Iterable[Row], *, without: Iterable[str] = ()) -> tuple[Row, ...]:
    """The blocked targets that one and the same new credential may help; () when no target is blocked.

    `without` names targets for whose credential somebody else waits already.
    """
    blocked = [row for row in rows if row.verdict is Verdict.BLOCKED and row.target not in set(without)]
    first = min((row.login for row in blocked), default="")
    return tuple(row for row in blocked if row.login == first)


def in_words(fleet: Fleet) -> str:
    """The whole fleet in one line: `12 targets: 1 Blocked (shop), 11 Passed`."""
    parts = (f"{count} {verdict_word(verdict)}{_named(fleet, verdict)}" for verdict, count in fleet.totals)
    verdicts = ", ".join(parts) or phrase("none")
    if len(fleet.rows) == 1:
        return phrase("1 target: {verdicts}", verdicts=verdicts)
    return phrase("{count} targets: {verdicts}", count=len(fleet.rows), verdicts=verdicts)


def _named(fleet: Fleet, verdict: Verdict) -> str:
    if verdict.passed:
        return ""
    names = [row.target for row in fleet.rows if row.verdict is verdict]
    told = ", ".join(names[:SLOWEST])
    if len(names) > SLOWEST:
        told = phrase("{names}, and {count} more", names=told, count=len(names) - SLOWEST)
    return f" ({told})"
