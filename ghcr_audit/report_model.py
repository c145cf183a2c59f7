"""What a report holds: one model, many forms (Markdown now, more later)."""

from pydantic import AwareDatetime

from ghcr_audit.evidence import Attempt, Claim, Finding, Link, Mode, Observation, Value
from ghcr_audit.verdicts import Verdict


class LinkState(Value):
    """How far one link came: its claims, or why it was not walked."""

    link: Link
    claims: tuple[Claim, ...] = ()
    not_run: str = ""
    """Why the link was not walked (`mode observe does not pull`); empty when it was."""


class Report(Value):
    """Everything one audit can say. Holds no secret: observations were redacted by their adapters."""

    schema_version: int = 1
    target: str
    image: str
    tag: str
    host: str
    mode: Mode
    run: str
    run_url: str = ""
    started_at: AwareDatetime
    finished_at: AwareDatetime
    waited_s: float = 0
    ran_by: str = ""
    version: str
    verdict: Verdict
    links: tuple[LinkState, ...]
    findings: tuple[Finding, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    observations: tuple[Observation, ...] = ()
