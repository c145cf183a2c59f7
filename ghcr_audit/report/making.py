"""From an audit to its report: chain, verdict and findings, judged from the observations alone.

What sums up a drill is imported when there was one: a check starts without it.
"""

from datetime import datetime

from ghcr_audit import __version__
from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.evidence import Mode
from ghcr_audit.links import chain
from ghcr_audit.report.model import DrillSummary, Report
from ghcr_audit.verdicts import judge


def report_of(audit: Audit, *, finished_at: datetime, ran_by: str = "", run_url: str = "") -> Report:
    """The report as it stands now; `finished_at` is aware UTC."""
    links = chain(audit)
    return Report(
        target=audit.target.name,
        image=str(audit.target.image_ref),
        tag=audit.tag,
        host=audit.target.where,
        mode=audit.mode,
        run=audit.run,
        run_url=run_url,
        started_at=audit.started_at,
        finished_at=finished_at,
        waited_s=audit.waited_s,
        ran_by=ran_by,
        version=__version__,
        verdict=judge([claim for state in links for claim in state.claims]),
        links=links,
        findings=diagnose(audit),
        attempts=audit.attempts,
        observations=audit.observations,
        drill=_drill(audit),
    )


def _drill(audit: Audit) -> DrillSummary | None:
    if audit.mode is not Mode.DRILL:
        return None
    from ghcr_audit.drill.summary import drill_summary

    return drill_summary(audit)
