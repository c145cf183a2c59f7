"""Publishing: the report as artifacts under stable keys per target, and the verdict as the state's name."""

import getpass
import os

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.runtime import flow_run
from prefect.settings import get_current_settings
from prefect.utilities.urls import url_for

from ghcr_audit.adapters.bundle import seal
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connection
from ghcr_audit.adapters.ledger import LedgerError
from ghcr_audit.audit import Audit
from ghcr_audit.language import Language, speaking
from ghcr_audit.pictures.chain import draw_chain
from ghcr_audit.pictures.svg import data_uri
from ghcr_audit.report.evidence import evidence_markdown
from ghcr_audit.report.making import report_of
from ghcr_audit.report.markdown import render_markdown
from ghcr_audit.report.model import Report
from ghcr_audit.report.words import chain
from ghcr_audit.text.markdown import inline
from tasks.expiry import tell_of_expiry
from tasks.failures import redacting
from tasks.ledger import bundles, ledger_of
from tasks.link import publish_table


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
@redacting
def publish(audit: Audit) -> Report:
    """Evidence, report and tables, the latter as artifacts; what an earlier link could not tell is told as known now.

    Whether the run now waits or ends, nothing more is asked of the host: no connection is held.
    """
    close_connection(audit.target)
    report = _sealed(audit, report_of(audit, finished_at=utc_now(), ran_by=_ran_by(), run_url=_page()))
    tell_of_expiry(audit)
    for state in report.links:
        if state.claims:
            publish_table(audit, state.link)
    with speaking(audit.target.lang or Language.ENGLISH):
        told = _with_picture(render_markdown(report), report)
    create_markdown_artifact(
        key=report_key(audit.target.name),
        markdown=told,
        description=f"{report.verdict.value}: {audit.target.name} {audit.tag}",
    )
    create_markdown_artifact(
        key=data_key(audit.target.name),
        markdown=f"```json\n{report.model_dump_json(by_alias=True)}\n```",
        description="The same report, for programs",
    )
    get_run_logger().info(f"verdict {report.verdict.value}", extra={"ghcr_audit": "verdict"})
    return report


def _with_picture(told: str, report: Report) -> str:
    """The report for a page of the UI: below its title the chain, drawn; both of Prefect's UIs show such an image."""
    title, _, rest = told.partition("\n")
    return f"{title}\n\n![{inline(chain(report.links))}]({data_uri(draw_chain(report))})\n{rest}"


def _sealed(audit: Audit, report: Report) -> Report:
    """The report with its place in the evidence; without one where that cannot be stored, which is a warning."""
    try:
        evidence = seal(ledger_of(audit.run), audit, report, bundles())
    except LedgerError as error:
        get_run_logger().warning(f"no evidence bundle of this report: {error.message}")
        return report
    if evidence.anchor.not_signed:
        get_run_logger().info(f"the evidence is not signed: {evidence.anchor.not_signed}")
    get_run_logger().info(f"evidence {evidence.anchor.place}", extra={"ghcr_audit": "evidence"})
    with speaking(audit.target.lang or Language.ENGLISH):
        told = evidence_markdown(evidence.anchor)
    create_markdown_artifact(
        key=evidence_key(audit.target.name),
        markdown=told,
        description=f"Evidence of {audit.target.name} {audit.tag}",
    )
    return evidence.report


def evidence_key(target: str) -> str:
    """Artifact key of where a target's newest evidence lies, and of its ledger's head."""
    return f"{target}-evidence"


def report_key(target: str) -> str:
    """Artifact key of a target's report."""
    return f"{target}-report"


def data_key(target: str) -> str:
    """Artifact key of a target's report as JSON, in one fence."""
    return f"{target}-report-json"


def final_state(report: Report, message: str = "") -> State[None]:
    """The flow run's final state: its *name* is the verdict."""
    causes = ", ".join(dict.fromkeys(finding.cause.value for finding in report.findings))
    return State(
        type=StateType.COMPLETED if report.verdict.passed else StateType.FAILED,
        name=report.verdict.value,
        message=message or f"{report.target} {report.tag}: {report.verdict.value}" + (f" ({causes})" if causes else ""),
    )


def _page() -> str:
    """The run's page in the UI; '' without a server that stays."""
    if get_current_settings().api.url is None or not flow_run.id:
        return ""
    return url_for("flow-run", obj_id=flow_run.id) or ""


def _ran_by() -> str:
    try:
        return f"{getpass.getuser()} on {os.uname().nodename}"
    except OSError:
        return os.uname().nodename
