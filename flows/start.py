"""How a run begins: which audit it is, and since when; and that nothing it logs holds a secret."""

import logging

from prefect.runtime import flow_run

from ghcr_audit.adapters.begin import NO_WISHES, DrillWishes, begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Mode
from ghcr_audit.redaction import RedactingFilter
from tasks.journals import healthy_releases
from tasks.ledger import ledger_of
from tasks.record import Beginning, RunRecord

_LOGGERS = ("", "prefect", "prefect.flow_runs", "prefect.task_runs")


def started(target: str, tag: str | None, mode: Mode, wishes: DrillWishes = NO_WISHES) -> Audit:
    """The audit of this flow run, which keeps its identity, its tag and its beginning over suspensions.

    Each pass begins in the ledger, too.
    """
    redact_logs()
    record = RunRecord(str(flow_run.id))
    known = record.beginning()
    tag, started_at = (known.tag, known.started_at) if known else (tag, utc_now())
    audit = begin(target, tag, mode, wishes=wishes, run=str(flow_run.id), started_at=started_at)
    if known is None:
        record.begin(Beginning(started_at=audit.started_at, tag=audit.tag))
    audit = audit.model_copy(update={"history": healthy_releases(audit.target.name)})
    ledger_of(audit.run).begin(audit)
    return audit


def redact_logs() -> None:
    """Let every handler of the root and Prefect loggers redact what it writes.

    A handler that fails would print the record, and all that is being handled, past every filter: it is silent.
    """
    logging.raiseExceptions = False
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        for place in (logger, *logger.handlers):
            if not any(isinstance(known, RedactingFilter) for known in place.filters):
                place.addFilter(RedactingFilter())
