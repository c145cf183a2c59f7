"""How a run begins: which audit it is, and since when; and that nothing it logs holds a secret."""

import logging

from prefect.runtime import flow_run

from ghcr_audit.adapters.begin import begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Mode
from ghcr_audit.redaction import RedactingFilter
from tasks.record import Beginning, RunRecord

_LOGGERS = ("", "prefect", "prefect.flow_runs", "prefect.task_runs")


def started(target: str, tag: str | None, mode: Mode) -> Audit:
    """The audit of this flow run, which keeps its identity, its tag and its beginning over suspensions."""
    redact_logs()
    record = RunRecord(str(flow_run.id))
    known = record.beginning()
    if known is not None:
        return begin(target, known.tag, mode, run=str(flow_run.id), started_at=known.started_at)
    audit = begin(target, tag, mode, run=str(flow_run.id), started_at=utc_now())
    record.begin(Beginning(started_at=audit.started_at, tag=audit.tag))
    return audit


def redact_logs() -> None:
    """Let every handler of the root and Prefect loggers redact what it writes."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        for place in (logger, *logger.handlers):
            if not any(isinstance(known, RedactingFilter) for known in place.filters):
                place.addFilter(RedactingFilter())
