"""A fleet waits once for each credential, not once for each host; only what was blocked is audited again.

What the other targets came to before the wait is kept, with the moment when it was seen, and is not looked at again.
"""

from prefect import get_run_logger, unmapped
from prefect.exceptions import FlowPauseTimeout
from prefect.runtime import flow_run

from flows.asking import Wait, awaited, given, way
from flows.credential_form import fleet_request
from flows.other_runs import announce_waiting, explain, other_waiting_run
from ghcr_audit.adapters.begin import begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Attempt, Mode
from ghcr_audit.fleet import Fleet, FleetMode, Row, in_words, next_blocked, replaced
from ghcr_audit.handover import Handover
from ghcr_audit.report.words import next_step
from ghcr_audit.verdicts import Verdict
from tasks.credential import attempt_of, delete_one_time_block, use_credential
from tasks.fleet import Tried, audit_target, publish_fleet
from tasks.record import MAX_ATTEMPTS, RunRecord


def given_answer() -> tuple[Row, ...]:
    """The rows as they stood when this run was suspended, if an answer has resumed it; else (): all is looked at."""
    record = RunRecord(str(flow_run.id))
    return record.rows() if given(len(record.attempts()) + 1) is not None else ()


def until_unblocked(
    rows: tuple[Row, ...], mode: FleetMode, wait_hours: float
) -> tuple[tuple[Row, ...], tuple[Attempt, ...]]:
    """The rows once no target is blocked, or nobody gives (or can be asked for) another credential; and the attempts.

    In mode observe nothing is awaited. Where the run is suspended this does not return.
    """
    record = RunRecord(str(flow_run.id))
    while mode is FleetMode.PULL and (number := len(record.attempts()) + 1) <= MAX_ATTEMPTS:
        answer = given(number)
        blocked = (
            _asked_for(rows, record) if answer else next_blocked(rows, without=_awaited_elsewhere(rows, wait_hours))
        )
        if not blocked:
            break
        answer = answer or _asked(blocked, rows, number, wait_hours)
        if answer is None:
            break
        rows = replaced(rows, _tried(blocked, answer, number))
    return rows, record.attempts()


def _asked_for(rows: tuple[Row, ...], record: RunRecord) -> tuple[Row, ...]:
    """The targets that this attempt was asked for, before the run was suspended."""
    names = record.awaiting()
    return tuple(row for row in rows if row.target in names)


def _can_wait(wait_hours: float) -> bool:
    return wait_hours > 0 and way() in (Wait.SUSPEND, Wait.PAUSE)


def _awaited_elsewhere(rows: tuple[Row, ...], wait_hours: float) -> tuple[str, ...]:
    """Blocked targets for whose credential another run waits already; this run says so of its own."""
    blocked = [row.target for row in rows if row.verdict is Verdict.BLOCKED]
    if not _can_wait(wait_hours):
        return ()
    for target in blocked:
        announce_waiting(target)
    return tuple(target for target in blocked if other_waiting_run(target) is not None)


def _asked(blocked: tuple[Row, ...], rows: tuple[Row, ...], number: int, wait_hours: float) -> Handover | None:
    """Publish the matrix as it stands, then wait for one credential; None when nobody answers, or can be asked."""
    if not _can_wait(wait_hours):
        return None
    record, run = RunRecord(str(flow_run.id)), str(flow_run.id)
    record.keep_rows(rows, (row.target for row in blocked))
    record.ask(_asking(blocked, number))
    at = utc_now()
    so_far = Fleet(mode=FleetMode.PULL, rows=rows, attempts=record.attempts(), started_at=at, finished_at=at)
    publish_fleet(so_far)
    causes = dict.fromkeys(cause.value for row in blocked for cause in row.causes)
    explain(_names(blocked), cause=", ".join(causes), remedy=next_step(Verdict.BLOCKED))
    _say(f"{in_words(so_far)}; waiting for a credential of {blocked[0].login}: in the Prefect UI, "
         f"or `ghcr-audit resume {run}`")  # fmt: skip
    earlier = record.attempts()[-1].outcome if number > 1 else ""
    try:
        return awaited(fleet_request(blocked, run=run, number=number, earlier=earlier), number, wait_hours)
    except FlowPauseTimeout:
        return None


def _asking(blocked: tuple[Row, ...], number: int) -> Attempt:
    because = next((cause for row in blocked for cause in row.causes), None)
    summary = _names(blocked)
    return Attempt(number=number, outcome="asked", asked_because=because, asked_summary=summary, asked_at=utc_now())


def _names(rows: tuple[Row, ...]) -> str:
    return ", ".join(row.target for row in rows)


def _tried(blocked: tuple[Row, ...], answer: Handover, number: int) -> tuple[Row, ...]:
    """Each blocked target tried with the same answer; those whose host was logged in are audited again."""
    tried = {row.target: _tried_on(row, answer, number) for row in blocked}
    record = RunRecord(str(flow_run.id))
    attempt = record.with_question(_together(tried, answer, number))
    record.remember(attempt)
    delete_one_time_block(answer, attempt)
    _say(f"credential {number}: {attempt.outcome}")
    again = [row for row in blocked if tried[row.target].attempt.accepted]
    futures = audit_target.map(
        [row.target for row in again],
        unmapped(Mode.PULL),
        [row.tag for row in again],
        [tried[row.target] for row in again],
    )
    found = [future.result(raise_on_failure=False) for future in futures]
    return tuple(row for row in found if isinstance(row, Row))


def _tried_on(row: Row, answer: Handover, number: int) -> Tried:
    """How the credential fares on one target's host; it is judged for each image anew."""
    try:
        audit = begin(row.target, row.tag, Mode.PULL, run=str(flow_run.id))
        attempt, seen = use_credential(audit, answer, number)
    except AuditError as error:
        attempt, seen = Attempt(number=number, outcome=error.message), ()
    return Tried(attempt=attempt, seen=seen)


def _together(tried: dict[str, Tried], answer: Handover, number: int) -> Attempt:
    """One attempt for all of its targets: accepted where any host took it, and told apart where they differ."""
    attempts = {target: one.attempt for target, one in tried.items()}
    outcomes = dict.fromkeys(one.outcome for one in attempts.values())
    apart = "; ".join(f"{target}: {one.outcome}" for target, one in attempts.items())
    return attempt_of(
        answer,
        number,
        next(iter(outcomes)) if len(outcomes) == 1 else apart[:1000],
        accepted=any(one.accepted for one in attempts.values()),
        judged=any(one.judged for one in attempts.values()),
    )


def _say(text: str) -> None:
    get_run_logger().info(text, extra={"ghcr_audit": "waiting"})
