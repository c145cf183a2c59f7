"""One target of a fleet, and the fleet's matrix: what goes wrong with one target is a row, and sinks no other."""

import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.runtime import task_run

from ghcr_audit.adapters.begin import begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connection
from ghcr_audit.audit import Audit
from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Attempt, Mode, Observation
from ghcr_audit.fleet import Fleet, Row, in_words, lost_row, row_of
from ghcr_audit.fleet_forms import fleet_markdown
from ghcr_audit.report.words import duration
from ghcr_audit.targets import Target
from tasks.auth import auth
from tasks.digest import digest
from tasks.failures import redacting
from tasks.journals import healthy_releases
from tasks.ledger import ledger_of
from tasks.preflight import preflight
from tasks.publish import publish
from tasks.pull import pull

FLEET_KEY = "fleet-report"
"""Artifact key of the newest matrix; earlier ones are its history."""
FLEET_DATA_KEY = "fleet-report-json"

_hosts: dict[str, threading.Lock] = {}
_table = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A new credential as it fared on one target, and what was observed on the way. No secret."""

    attempt: Attempt
    seen: tuple[Observation, ...]


@task(name="audit", task_run_name="audit {target}", cache_policy=NO_CACHE, persist_result=False)
@redacting
def audit_target(target: str, mode: Mode, tag: str | None = None, tried: Tried | None = None) -> Row:
    """Walk the chain of one target up to digest, publish its report, and tell it in one row.

    `tag`: the release that an earlier pass found; `tried`: the credential that the host was logged in with since.
    """
    began = time.monotonic()
    try:
        audit = begin(target, tag, mode, run=str(task_run.id))
        with _turn_of(audit.target, mode):
            report = publish(_walked(audit, tried))
    except AuditError as error:
        return _told(lost_row(target, error.message, at=utc_now(), took_s=time.monotonic() - began))
    return _told(row_of(report, login=audit.target.login, took_s=time.monotonic() - began))


def _told(row: Row) -> Row:
    words = f"{row.target}: {row.verdict.value} ({duration(row.took_s)})"
    get_run_logger().info(words, extra={"ghcr_audit": "fleet"})
    return row


def _walked(audit: Audit, tried: Tried | None) -> Audit:
    audit = audit.model_copy(update={"history": healthy_releases(audit.target.name)})
    ledger = ledger_of(audit.run)
    ledger.begin(audit)
    if tried is not None:
        ledger.tried(tried.attempt, tried.seen)
        audit = audit.after(tried.attempt)
    try:
        audit = preflight(audit)
        audit = auth(audit if tried is None else audit.seeing(*tried.seen))
        return digest(pull(audit))
    finally:
        close_connection(audit.target)


def _turn_of(target: Target, mode: Mode) -> AbstractContextManager[object]:
    """Pulls go one after another on one host: each looks at the host's tags before and after. Looking needs no turn."""
    if mode is Mode.OBSERVE:
        return nullcontext()
    with _table:
        return _hosts.setdefault(target.where, threading.Lock())


@task(name="publish fleet", cache_policy=NO_CACHE, persist_result=False)
@redacting
def publish_fleet(fleet: Fleet) -> Fleet:
    """The matrix as an artifact, and the same for programs."""
    described = in_words(fleet)
    create_markdown_artifact(key=FLEET_KEY, markdown=fleet_markdown(fleet), description=described)
    data = f"```json\n{fleet.model_dump_json()}\n```"
    create_markdown_artifact(key=FLEET_DATA_KEY, markdown=data, description="The same matrix, for programs")
    get_run_logger().info(described, extra={"ghcr_audit": "fleet"})
    return fleet


def fleet_state(fleet: Fleet) -> State[None]:
    """The flow run's final state: its *name* is the worst verdict."""
    return State(
        type=StateType.COMPLETED if fleet.verdict.passed else StateType.FAILED,
        name=fleet.verdict.value,
        message=in_words(fleet),
    )
