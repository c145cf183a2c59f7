"""What a report holds: one model, many forms (Markdown now, more later)."""

from pydantic import AwareDatetime

from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.drill.timeline import Times
from ghcr_audit.evidence import Attempt, Claim, Finding, Link, Mode, Observation, Value
from ghcr_audit.verdicts import Verdict


class LinkState(Value):
    """How far one link came: its claims, or why it was not walked."""

    link: Link
    claims: tuple[Claim, ...] = ()
    not_run: str = ""
    """Why the link was not walked (`mode observe does not pull`); empty when it was."""


class DrillRow(Value):
    """One phase of a drill: what ran at its end, and how long its change took. Empty or None: not seen."""

    phase: Phase
    release: str = ""
    """The tag that the registry has this image under, or the one that it was started by."""
    image_text: str = ""
    """What the container was started from, as written."""
    digest: str = ""
    """Its manifest digest under the target's image name."""
    status: str = ""
    """The container's state in Docker's words; `absent` when there was none."""
    health: str = ""
    """Docker's health check; empty where the image has none."""
    http_healthy: bool | None = None
    settled: str = ""
    """How the settling window ended, in drill.sh's words: `healthy`, or why not."""
    exit_code: int | None = None
    """Of the phase's command: 124 is its time limit, 75 the fence."""
    took_ms: int | None = None
    times: Times | None = None
    passes: int = 1
    """How often its command was run (a restore is tried twice); times are those of the last."""


class DrillSummary(Value):
    """A drill at a glance."""

    touched: bool
    """False: it was refused, or lost, before anything of the service was changed."""
    lost: bool = False
    """The connection or the lease was lost on the way."""
    rows: tuple[DrillRow, ...]
    """The phases of which something was observed, in order."""
    health_url: bool
    """Whether there is a URL to measure health by."""
    back_to: str = ""
    """The release to go back to; empty: none was found."""
    back_to_source: str = ""
    """Why it and no other."""
    back_to_proven: bool = False
    """It is known to have been healthy on this host."""
    moved: bool | None = None
    """Whether another image ran after the rollback than before it; None: not seen."""
    rollback_ms: int | None = None
    """From the begin of the target's own rollback until healthy again; None: it did not get there, or nobody saw."""
    forced: str = ""
    """Why it was forced on a host that was not as it should be; empty: it was not."""
    log_paths: tuple[str, ...] = ()
    """Where on the host the containers' logs were saved; they never left it."""

    def row(self, phase: Phase) -> DrillRow | None:
        """The row of a phase; None when nothing of it was observed."""
        return next((row for row in self.rows if row.phase is phase), None)

    def downtime_ms(self, phase: Phase) -> int | None:
        """For how long a phase left the service without a healthy answer; None: not measured."""
        row = self.row(phase)
        return row.times.downtime_ms if row is not None and row.times is not None else None


class Integrity(Value):
    """Where a report stands in its run's evidence, so that neither can be changed without the other."""

    ledger_head: str
    """SHA-256 of the ledger's last entry before the one that tells of this report (a report cannot hold that)."""
    entries: int
    """How many entries the ledger has up to there."""
    bundle: str
    """File name of the evidence bundle that this report stands in."""
    signer: str = ""
    """Key id of who signed it; empty: it is not signed."""


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
    drill: DrillSummary | None = None
    """None: no drill was begun."""
    integrity: Integrity | None = None
    """None: no ledger is kept of this audit (`check` without a bundle)."""
