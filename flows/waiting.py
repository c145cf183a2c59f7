"""Waiting for the one thing only a person can give: a new credential.

From a deployment the run is suspended (no process waits); in a terminal with a server it is paused; without a
server the terminal is asked. It waits while the running service is untouched, and holds no connection.
"""

import getpass

from prefect import get_run_logger
from prefect.exceptions import FlowPauseTimeout

from flows.asking import Wait, awaited, given, way
from flows.credential_form import request
from flows.other_runs import announce_waiting, explained, other_waiting_run
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import refusal
from ghcr_audit.evidence import Attempt, Mode, Observation
from ghcr_audit.handover import Handover, Way
from ghcr_audit.language import Language, speaking
from ghcr_audit.links.auth import refused
from tasks.auth import auth
from tasks.credential import delete_one_time_block, use_credential
from tasks.ledger import ledger_of
from tasks.preflight import preflight
from tasks.publish import publish
from tasks.pull import pull
from tasks.record import MAX_ATTEMPTS, RunRecord

FLOW_NAME = "release-audit"
_UNUSED = "the registry and docker login accept it, but the host's docker still sends another one that is refused"
_SEEN_WITH_THE_OLD_ONE = ("registry.host", "registry.host_anonymous", "host.credential")


def until_accepted(audit: Audit, wait_hours: float) -> Audit:
    """The audit with a credential that the registry accepts for this image; or as it is, when nobody can give one.

    Every answer is judged and the chain is then observed anew. In mode observe nothing is awaited.
    """
    record = RunRecord(audit.run)
    audit = audit.model_copy(update={"attempts": record.attempts()})
    while refused(audit) and audit.mode is not Mode.OBSERVE and len(audit.attempts) < MAX_ATTEMPTS:
        number = len(audit.attempts) + 1
        try:
            answer = given(number) or _asked(audit, number, wait_hours, record)
        except FlowPauseTimeout:  # nobody answered: what was seen before the wait does not count after it
            return auth(preflight(audit))
        if answer is None:
            return audit
        audit = _tried(audit, answer, number, record)
    return audit.model_copy(update={"waited_s": _waited_s(audit.attempts)})


def _tried(audit: Audit, answer: Handover, number: int, record: RunRecord) -> Audit:
    attempt, seen = use_credential(audit, answer, number)
    attempt = record.with_question(attempt)
    ledger = ledger_of(audit.run)
    ledger.tried(attempt, seen)
    record.remember(attempt)
    delete_one_time_block(answer, attempt)
    get_run_logger().info(f"credential {number}: {attempt.outcome}", extra={"ghcr_audit": "credential"})
    looked = _looked_again(audit, seen)
    if attempt.accepted and refused(looked):
        attempt = attempt.model_copy(update={"accepted": False, "outcome": _UNUSED})
        ledger.tried(attempt, ())
        record.remember(attempt)
    return looked.after(attempt)


def _looked_again(audit: Audit, seen: tuple[Observation, ...]) -> Audit:
    """The chain observed anew where this process waited; after a suspension that was done already, but for auth."""
    fresh = audit.forgetting(*_SEEN_WITH_THE_OLD_ONE) if way() is Wait.SUSPEND else preflight(audit)
    return auth(fresh.seeing(*seen))


def _asked(audit: Audit, number: int, wait_hours: float, record: RunRecord) -> Handover | None:
    """Publish what is known, then wait; None when this process cannot wait, or another run waits already.

    Raises:
        FlowPauseTimeout: nobody answered in time.
    """
    how = way() if wait_hours > 0 else Wait.NOT
    if how is Wait.NOT or (how is not Wait.PROMPT and not _has_the_word(audit)):
        return None
    explained(publish(pull(audit)))
    if how is not Wait.PROMPT and not _has_the_word(audit):
        return None
    record.ask(_asking(audit, number))
    _say(f"waiting for a new credential: in the Prefect UI, or `ghcr-audit resume {audit.run}`")
    if how is Wait.PROMPT:
        return _prompted(audit)
    with speaking(audit.target.lang or Language.ENGLISH):
        return awaited(request(audit, number), number, wait_hours)


def _has_the_word(audit: Audit) -> bool:
    """Whether this run is the one that waits for its target: one waits at most, the older before the younger."""
    announce_waiting(audit.target.name)
    other = other_waiting_run(audit.target.name)
    if other is not None:
        _say(f"run {other} already waits for a credential of {audit.target.name}")
    return other is None


def _asking(audit: Audit, number: int) -> Attempt:
    found = next(iter(refusal.credential(audit)), None)
    return Attempt(
        number=number,
        outcome="asked",
        asked_because=found.cause if found else None,
        asked_summary=found.summary if found else "",
        asked_at=utc_now(),
    )


def _prompted(audit: Audit) -> Handover:
    user = audit.target.registry_user
    return Handover(way=Way.PROMPT, reference="", registry_user=user, answered_by=getpass.getuser())


def _say(text: str) -> None:
    get_run_logger().info(text, extra={"ghcr_audit": "credential"})


def _waited_s(attempts: tuple[Attempt, ...]) -> float:
    spans = ((one.asked_at, one.answered_at) for one in attempts)
    return sum((answered - asked).total_seconds() for asked, answered in spans if asked and answered)
