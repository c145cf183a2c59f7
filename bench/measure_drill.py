"""A drill's rollback beside the target's own commands by hand: what does proving it take?

Both move the same service on the same host. By hand: `ssh host server_deploy.sh ...`, the script's own health check
included. In the drill: from the step "rolling back" in the journal until the next one, when all was seen that the
verdict rests on - digest, container, health over the settling window, sidecars, tags, state files, log.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import WorkNotDoneError
from bench.figures import spread
from bench.machine import load, machine
from bench.results import DrillResult
from bench.site import Site
from ghcr_audit.adapters import drill, walk
from ghcr_audit.adapters.begin import begin
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.journals import FolderJournals
from ghcr_audit.audit import Audit
from ghcr_audit.drill.journal import Step, parse
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.drill.summary import drill_summary
from ghcr_audit.evidence import Mode
from ghcr_audit.report.model import DrillRow
from lab.lab import Lab

WHOLE, QUICK = 5, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Seconds, as in DrillResult."""

    deploy_by_hand_s: float
    rollback_by_hand_s: float
    command_s: float
    healthy_s: float
    verified_s: float

    @property
    def words(self) -> str:
        by_hand = f"{self.deploy_by_hand_s:.2f} s, back {self.rollback_by_hand_s:.2f} s"
        return f"drill: by hand {by_hand}; healthy after {self.healthy_s:.2f} s, verified after {self.verified_s:.2f} s"


class _TimedJournals(FolderJournals):
    """Remembers when each step was announced first, on this side's clock."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reached: dict[Step, float] = {}

    def write(self, target: str, text: str) -> None:
        self.reached.setdefault(parse(text).step, time.perf_counter())
        super().write(target, text)


def measure_drill(site: Site, rounds: int, log: Callable[[str], None]) -> DrillResult:
    """By hand and in a drill, in turn.

    Raises:
        WorkNotDoneError: the service did not move as it should.
    """
    before = load()
    site.line.round_trip_s = 0.0
    site.add_target("drill")
    done = []
    for _ in range(rounds):
        done.append(_round(site))
        log(done[-1].words)
    return DrillResult(
        deploy_by_hand_s=spread([one.deploy_by_hand_s for one in done]),
        rollback_by_hand_s=spread([one.rollback_by_hand_s for one in done]),
        command_s=spread([one.command_s for one in done]),
        healthy_s=spread([one.healthy_s for one in done]),
        verified_s=spread([one.verified_s for one in done]),
        window_s=_window_s(_begun(site)),
        machine=machine(load_before=before),
    )


def _round(site: Site) -> _Round:
    releases = site.lab.releases
    deploy_s = _by_hand_s(site.lab, releases.newest_published, "deploy")
    rollback_s = _by_hand_s(site.lab, releases.newest_published, "rollback")
    audit, reached = _drilled(site)
    row = _rolled_back(audit)
    if row.took_ms is None or row.times is None or row.times.healthy_after_ms is None:
        raise WorkNotDoneError("drill: the rollback was not seen to end healthy")
    return _Round(
        deploy_by_hand_s=deploy_s,
        rollback_by_hand_s=rollback_s,
        command_s=row.took_ms / 1000,
        healthy_s=row.times.healthy_after_ms / 1000,
        verified_s=reached[Step.RESTORING] - reached[Step.ROLLING_BACK],
    )


def _by_hand_s(lab: Lab, tag: str, action: str) -> float:
    began = time.perf_counter()
    done = lab.deploy(tag, action)
    if done.returncode:
        raise WorkNotDoneError(f"{action} by hand: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return time.perf_counter() - began


def _begun(site: Site) -> Audit:
    return begin(str(site.targets / "drill.toml"), site.lab.releases.newest_published, Mode.DRILL)


def _drilled(site: Site) -> tuple[Audit, dict[Step, float]]:
    """A whole drill, which ends with the host as it was; and when it reached each step."""
    journals = _TimedJournals(site.folder / "journals")
    try:
        audit = drill.deploy(walk.preflight(_begun(site)), journals)
        return drill.finished(drill.roll_back(audit, journals), journals), journals.reached
    finally:
        close_connections()


def _rolled_back(audit: Audit) -> DrillRow:
    summary = drill_summary(audit)
    rows: Sequence[DrillRow] = summary.rows if summary else ()
    row = next((one for one in rows if one.phase is Phase.ROLLED_BACK), None)
    if row is None or row.exit_code != 0 or audit.newest("restored.closed") is None:
        raise WorkNotDoneError(f"drill: did not come to its end (rows: {[one.phase.value for one in rows]})")
    return row


def _window_s(audit: Audit) -> float:
    return float(audit.target.deploy.settle_s) if audit.target.deploy else 0.0
