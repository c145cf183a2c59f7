"""A report judged again from what the ledger holds, by the same pure functions: it must say the same."""

from collections.abc import Callable, Sequence

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Attempt, Observation
from ghcr_audit.ledger.check import recorded_in
from ghcr_audit.ledger.entry import Begin, Entry, Reported, Tried
from ghcr_audit.ledger.outputs import OutputError, restored
from ghcr_audit.report.making import report_of
from ghcr_audit.report.model import Report


def reports_in(entries: Sequence[Entry]) -> tuple[int, ...]:
    """Positions of the entries that tell of a report."""
    return tuple(position for position, entry in enumerate(entries) if isinstance(entry.body, Reported))


def judged_from(entries: Sequence[Entry], position: int, content: Callable[[str], bytes | None]) -> Audit:
    """The audit that the report at this position was made of, from the entries before it.

    Raises:
        OutputError: an observation that the report leans on is in no entry before it, or its outputs are not there.
    """
    told, before = entries[position].body, entries[:position]
    begins = [entry.body for entry in before if isinstance(entry.body, Begin)]
    if not isinstance(told, Reported) or not begins:
        raise OutputError(f"entry {entries[position].number}: no report of a pass that has begun")
    kept = {one.digest: one for entry in before for one in recorded_in(entry)}
    missing = [digest for digest in told.observations if digest not in kept]
    if missing:
        raise OutputError(f"observation {missing[0]}: in no entry before the report")
    observations = tuple(restored(kept[digest], content) for digest in told.observations)
    return _audit(begins[-1], entries[position], observations, _attempts(before), told.waited_s)


def differences(audit: Audit, report: Report) -> tuple[str, ...]:
    """The fields in which a report is not what follows from its observations; nothing where it is."""
    again = report_of(audit, finished_at=report.finished_at, ran_by=report.ran_by, run_url=report.run_url)
    again = again.model_copy(update={"version": report.version, "integrity": report.integrity})
    return tuple(name for name in Report.model_fields if getattr(again, name) != getattr(report, name))


def _attempts(before: Sequence[Entry]) -> tuple[Attempt, ...]:
    """The last word on each credential."""
    tried = {entry.body.attempt.number: entry.body.attempt for entry in before if isinstance(entry.body, Tried)}
    return tuple(tried[number] for number in sorted(tried))


def _audit(
    begin: Begin, entry: Entry, observations: tuple[Observation, ...], attempts: tuple[Attempt, ...], waited_s: float
) -> Audit:
    return Audit(
        target=begin.target,
        tag=begin.tag,
        mode=begin.mode,
        run=entry.run,
        started_at=begin.started_at,
        observations=observations,
        attempts=attempts,
        waited_s=waited_s,
        rollback_to=begin.rollback_to,
        forced=begin.forced,
        history=begin.history,
    )
