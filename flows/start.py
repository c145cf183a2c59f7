"""How a run begins: which audit it is, and since when; where its SSH keys are, and that nothing it logs is a secret."""

import logging
import os
from datetime import datetime

from prefect.runtime import flow_run
from prefect.settings import get_current_settings

from ghcr_audit.adapters.begin import NO_WISHES, DrillWishes, begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.kept_keys import read_keys_from
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Mode
from ghcr_audit.redaction import RedactingFilter, current_redactor
from tasks.journals import healthy_releases
from tasks.ledger import ledger_of
from tasks.record import Beginning, RunRecord
from tasks.secret_blocks import stored_secret

_LOGGERS = ("", "prefect", "prefect.flow_runs", "prefect.task_runs")


def started(target: str, tag: str | None, mode: Mode, wishes: DrillWishes = NO_WISHES) -> Audit:
    """The audit of this flow run, which keeps its identity, its tag and its beginning over suspensions.

    Each pass begins in the ledger, too.
    """
    prepare_process()
    record = RunRecord(str(flow_run.id))
    known = record.beginning()
    tag, started_at = (known.tag, known.started_at) if known else (tag, utc_now())
    audit = begin(target, tag, mode, wishes=wishes, run=str(flow_run.id), started_at=started_at)
    if known is None:
        record.begin(Beginning(started_at=audit.started_at, tag=audit.tag))
    audit = audit.model_copy(update={"history": healthy_releases(audit.target.name)})
    ledger_of(audit.run).begin(audit)
    return audit


def fleet_started() -> datetime:
    """When this run of a fleet began, which it keeps over suspensions."""
    prepare_process()
    record = RunRecord(str(flow_run.id))
    known = record.beginning() or Beginning(started_at=utc_now(), tag="")
    record.begin(known)
    return known.started_at


def _hide_api_login() -> None:
    os.environ.pop("PREFECT_API_AUTH_STRING", None)
    login = get_current_settings().api.auth_string
    if login is not None:
        text = str(login.get_secret_value())
        current_redactor().learn(text, "api-login")
        current_redactor().learn(text.partition(":")[2], "api-login")


def prepare_process() -> None:
    """What every process does before it looks at a host for a flow."""
    redact_logs()
    read_keys_from(stored_secret)


def redact_logs() -> None:
    """Let every handler of the root and Prefect loggers redact what it writes.

    A handler that fails would print the record, and all that is being handled, past every filter: it is silent.
    Prefect hands the login of its API to this process in the environment: nothing that is started here gets it from us.
    """
    _hide_api_login()
    logging.raiseExceptions = False
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        for place in (logger, *logger.handlers):
            if not any(isinstance(known, RedactingFilter) for known in place.filters):
                place.addFilter(RedactingFilter())
