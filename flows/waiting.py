"""Waiting for the one thing only a person can give: a new credential.

From a deployment the run is suspended (no process waits); in a terminal with a server it is paused; without a
server the terminal is asked. It waits before anything was changed on the host and holds no connection.
"""

import getpass
import sys
from enum import StrEnum

from prefect import get_client, get_run_logger, pause_flow_run, suspend_flow_run
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypeFilter
from prefect.client.schemas.objects import StateType
from prefect.exceptions import FlowPauseTimeout
from prefect.input import RunInput
from prefect.input.actions import read_flow_run_input
from prefect.runtime import deployment
from prefect.settings import get_current_settings
from pydantic import Field, ValidationError

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.pool_key import public_key
from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import refusal
from ghcr_audit.evidence import Attempt, Certainty, Mode, Observation
from ghcr_audit.handover import ANSWER_PATTERN, ONE_TIME_PREFIX, Handover, Way, key_line
from ghcr_audit.links.auth import refused
from ghcr_audit.markdown_text import code, inline
from tasks.auth import auth
from tasks.credential import use_credential
from tasks.preflight import preflight
from tasks.publish import publish
from tasks.pull import pull
from tasks.record import MAX_ATTEMPTS, RunRecord

FLOW_NAME = "release-audit"
_POLL_S = 3
_UNUSED = "the registry and docker login accept it, but the host's docker still sends another one that is refused"


class NewCredential(RunInput):
    """The form an operator answers. No field has a default, and none can hold a token of GitHub's."""

    credential: str = Field(
        title="Secret block",
        description="The NAME of the Prefect Secret block that holds the new token. Never the token itself.",
        pattern=ANSWER_PATTERN,
        max_length=4100,
    )
    registry_user: str = Field(
        title="Registry user",
        description="The user name that the token belongs to.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.$+-]{0,38}(?:_[A-Za-z0-9]{3,8})?$",  # GitHub: at most a short _code at its end
    )
    answered_by: str = Field(
        title="Your name",
        description="Who answers; it goes into the report.",
        pattern=r"^[^\s_]{1,30}(?: [^\s_]{1,30}){0,4}$",
    )


class _Wait(StrEnum):
    """How this process can wait."""

    SUSPEND = "suspend"
    PAUSE = "pause"
    PROMPT = "prompt"
    NOT = "not"


def until_accepted(audit: Audit, wait_hours: float) -> Audit:
    """The audit with a credential that the registry accepts for this image; or as it is, when nobody can give one.

    Every answer is judged and the chain is then observed anew. In mode observe nothing is awaited.
    """
    record = RunRecord(audit.run)
    audit = audit.model_copy(update={"attempts": record.attempts()})
    while refused(audit) and audit.mode is not Mode.OBSERVE and len(audit.attempts) < MAX_ATTEMPTS:
        number = len(audit.attempts) + 1
        answer = _given(number) or _asked(audit, number, wait_hours, record)
        if answer is None:
            return audit
        audit = _tried(audit, answer, number, record)
    return audit.model_copy(update={"waited_s": _waited_s(audit.attempts)})


def _tried(audit: Audit, answer: Handover, number: int, record: RunRecord) -> Audit:
    attempt, seen = use_credential(audit, answer, number)
    if (asked := record.asked(number)) is not None:
        kept = {"asked_at", "asked_because", "asked_summary", "asked_certainty"}
        attempt = attempt.model_copy(update=asked.model_dump(include=kept))
    record.remember(attempt)
    get_run_logger().info(f"credential {number}: {attempt.outcome}", extra={"ghcr_audit": "credential"})
    looked = _looked_again(audit, seen)
    if attempt.accepted and refused(looked):
        attempt = attempt.model_copy(update={"accepted": False, "outcome": _UNUSED})
        record.remember(attempt)
    return looked.after(attempt)


def _looked_again(audit: Audit, seen: tuple[Observation, ...]) -> Audit:
    """The chain observed anew where this process waited; after a suspension that was done already."""
    fresh = audit if _way() is _Wait.SUSPEND else preflight(audit)
    return auth(fresh.seeing(*seen))


def _given(number: int) -> Handover | None:
    """The answer that resumed this run after it was suspended for this attempt; None when it was not yet asked."""
    if _way() is not _Wait.SUSPEND:
        return None
    stored = read_flow_run_input(f"suspended-{_key(number)}-response")
    return _handover(stored) if stored else None


def _asked(audit: Audit, number: int, wait_hours: float, record: RunRecord) -> Handover | None:
    """Publish what is known, then wait; None when this process cannot wait, or nobody answered."""
    way = _way() if wait_hours > 0 else _Wait.NOT
    if way is _Wait.NOT or (way is not _Wait.PROMPT and (other := _other_waiting(audit))):
        if way is not _Wait.NOT:
            get_run_logger().warning(f"run {other} already waits for a credential of {audit.target.name}")
        return None
    publish(pull(audit))
    record.ask(_asking(audit, number))
    get_run_logger().info(
        f"waiting for a new credential: in the Prefect UI, or `ghcr-audit resume {audit.run}`",
        extra={"ghcr_audit": "credential"},
    )
    if way is _Wait.PROMPT:
        return _prompted(audit)
    return _awaited(audit, number, way, wait_hours)


def _awaited(audit: Audit, number: int, way: _Wait, wait_hours: float) -> Handover | None:
    form = NewCredential.with_initial_data(description=_request(audit, number))
    timeout_s = max(1, round(wait_hours * 3600))
    try:
        if way is _Wait.SUSPEND:
            given = suspend_flow_run(wait_for_input=form, timeout=timeout_s, key=_key(number))
        else:
            given = pause_flow_run(wait_for_input=form, timeout=timeout_s, poll_interval=_POLL_S, key=_key(number))
    except FlowPauseTimeout:
        return None
    except ValidationError:  # resumed by force, without an answer: counts as unanswered
        return _handover({})
    return _handover(given.model_dump() if given is not None else {})


def _handover(answer: object) -> Handover:
    fields = answer if isinstance(answer, dict) else {}
    reference = str(fields.get("credential", ""))
    return Handover(
        way=Way.SEALED if reference.startswith("sealed.") else Way.BLOCK,
        reference=reference,
        registry_user=str(fields.get("registry_user", "")),
        answered_by=str(fields.get("answered_by", "")),
    )


def _asking(audit: Audit, number: int) -> Attempt:
    found = next(iter(refusal.credential(audit)), None)
    return Attempt(
        number=number,
        outcome="asked",
        asked_because=found.cause if found else None,
        asked_summary=found.summary if found else "",
        asked_certainty=found.certainty if found else Certainty.LIKELY,
        asked_at=utc_now(),
    )


def _prompted(audit: Audit) -> Handover:
    return Handover(
        way=Way.PROMPT, reference="", registry_user=audit.target.registry_user, answered_by=getpass.getuser()
    )


def _way() -> _Wait:
    if deployment.id:
        return _Wait.SUSPEND
    if get_current_settings().api.url is not None:
        return _Wait.PAUSE
    return _Wait.PROMPT if sys.stdin.isatty() else _Wait.NOT


def _key(number: int) -> str:
    return f"cred-{number}"


def _waited_s(attempts: tuple[Attempt, ...]) -> float:
    spans = ((one.asked_at, one.answered_at) for one in attempts)
    return sum((answered - asked).total_seconds() for asked, answered in spans if asked and answered)


def _other_waiting(audit: Audit) -> str | None:
    """The name of another run that already waits for a credential of the same target."""
    with get_client(sync_client=True) as client:
        waiting = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW_NAME])),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=StateTypeFilter(any_=[StateType.PAUSED]))),
            limit=200,
        )
    same = (run for run in waiting if run.parameters.get("target") == audit.target.name and str(run.id) != audit.run)
    return next((run.name for run in same), None)


def _request(audit: Audit, number: int) -> str:
    """What the operator reads above the form."""
    target, found = audit.target, next(iter(refusal.credential(audit)), None)
    cause = found.summary if found else "The registry refuses the host's credential."
    earlier = (
        f"**Credential {number - 1} was not accepted:** {inline(audit.attempts[-1].outcome)}\n\n" if number > 1 else ""
    )
    return (
        f"{earlier}{code(target.where)} may not read {code(audit.image)}. {inline(cause)}\n\n"
        f"1. Create a personal access token (classic) with the scope `read:packages`.\n"
        f"2. Save it as a **Secret** block (Blocks, +, Secret). A name that begins with `{ONE_TIME_PREFIX}` is deleted "
        f"after use.\n3. Enter the block's *name* below. Never paste the token here.\n\n"
        f"Or in a terminal: `ghcr-audit resume {audit.run}`. ({key_line(public_key())})"
    )
