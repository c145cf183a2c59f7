"""What was measured, as it is kept in docs/performance.json: each measurement with the machine that it ran on."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from bench.figures import Spread
from bench.machine import Machine


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Timing(_Kept):
    """One contender at one round-trip time. Seconds; `cpu_s` is the median of its processes on this side."""

    contender: str
    words: str
    round_trip_ms: int
    wall_s: Spread
    cpu_s: float


class CheckResult(_Kept):
    """`ghcr-audit check` beside the others, doing the same commands."""

    machine: Machine
    commands: int
    timings: tuple[Timing, ...]
    round_trips: int
    """Of one check, counted on its connection."""
    connections: int
    ssh_round_trips: int
    """The same of `ssh host sh -s`."""
    start_s: float
    """Of one check: processor time of the interpreter's start and of all imports."""
    yardstick_s: float | None = None
    """The same of a fixed part of the standard library: how quickly the machine imports. None: not measured."""

    def seconds(self, contender: str, round_trip_ms: int) -> float | None:
        """The median, None when that was not measured."""
        found = (one for one in self.timings if (one.contender, one.round_trip_ms) == (contender, round_trip_ms))
        return next((one.wall_s.median for one in found), None)

    def times(self, contender: str) -> dict[int, float]:
        """How many times as long as this contender a check takes, by round-trip time in ms."""
        return {
            delay: ours / other
            for delay in self.delays
            if (ours := self.seconds("check", delay)) and (other := self.seconds(contender, delay))
        }

    @property
    def delays(self) -> tuple[int, ...]:
        """The round-trip times, in ms."""
        return tuple(sorted({one.round_trip_ms for one in self.timings}))


class FleetPoint(_Kept):
    """One process that looked at so many hosts, all connections open at once."""

    hosts: int
    wall_s: float
    cpu_s: float
    peak_mb: float


class FleetResult(_Kept):
    """How the cost grows with the number of hosts."""

    machine: Machine
    commands: int
    points: tuple[FleetPoint, ...]
    cpu_ms_per_host: float
    peak_mb_at_100: float
    """Beyond the peak with one host."""


class LibraryPoint(_Kept):
    """One way to speak SSH: what an added host costs this side; `far_s`: one host at a round trip of 100 ms."""

    library: str
    words: str
    cpu_ms_per_host: float
    import_ms: float
    far_s: float


class LibrariesResult(_Kept):
    """SSH libraries side by side, each carrying the same framed script."""

    machine: Machine
    points: tuple[LibraryPoint, ...]


class RedactionResult(_Kept):
    """MB of text redacted in one processor second, by kind of text."""

    machine: Machine
    mb_per_cpu_s: dict[str, float]


class Stage(_Kept):
    """A part of a flow run, as the server records it: the median of its seconds."""

    name: str
    seconds: float


class OrchestrationResult(_Kept):
    """An audit as a flow run in mode observe, beside `ghcr-audit check` of the same release on the same host."""

    machine: Machine
    check_s: Spread
    """The whole process."""
    flow_s: Spread
    """From the run's start to its end, as the server records them."""
    stages: tuple[Stage, ...]
    """What a run consists of, in order."""
    requests: tuple[int, ...]
    """Of the server's API that each run caused, one run after the other."""
    request_kinds: dict[str, int]
    """Those of the last run, by kind."""
    suspended_processes: int
    """Processes of the worker's while a run waits for a credential."""

    @property
    def overhead_s(self) -> float:
        """What the flow run takes beyond a check."""
        return self.flow_s.median - self.check_s.median

    @property
    def requests_grown(self) -> float:
        """How many times the requests of the first run the last one caused."""
        return self.requests[-1] / self.requests[0]


class DrillResult(_Kept):
    """A drill's rollback, beside the target's own commands run by hand over `ssh`. Seconds."""

    machine: Machine
    deploy_by_hand_s: Spread
    rollback_by_hand_s: Spread
    command_s: Spread
    """Of the drill's rollback: the target's own command alone, as the host measured it."""
    healthy_s: Spread
    """From its begin to the first healthy answer after the last unhealthy one, as the host measured it."""
    verified_s: Spread
    """From the decision to go back until everything was seen that the verdict rests on."""
    window_s: float
    """How long the service has to stay healthy, by the target file: a part of `verified_s` that is wanted."""

    @property
    def against_deploy(self) -> float:
        """From "roll back" to verified, without the wanted window: times the target's own deploy command."""
        return (self.verified_s.median - self.window_s) / self.deploy_by_hand_s.median

    @property
    def added_s(self) -> float:
        """What verification adds to the command, beyond the wanted window."""
        return self.verified_s.median - self.command_s.median - self.window_s


class PrefectFleetPoint(_Kept):
    """So many targets on so many workers, one run of the fleet on each.

    `wall_s`: from the first trigger to the last run's end; `runs_s`: of each run, by the server's record. `peak_mb` and
    `cpu_s`: of each run's process. `failures`: audits without a verdict (Unknown). `busy`: the share of all cores.
    """

    workers: int
    targets: int
    wall_s: float
    runs_s: tuple[float, ...]
    audits_per_minute: float
    slowest_s: float
    verdicts: dict[str, int]
    failures: int
    peak_mb: tuple[float, ...]
    cpu_s: tuple[float, ...]
    server_peak_mb: float
    server_cpu_s: float
    busy: float
    load_before: float


class PrefectFleetResult(_Kept):
    """Many targets through Prefect and PostgreSQL, with one worker and with two."""

    machine: Machine
    points: tuple[PrefectFleetPoint, ...]


class Results(_Kept):
    """All that was measured last, each part at its own time."""

    check: CheckResult | None = None
    fleet: FleetResult | None = None
    libraries: LibrariesResult | None = None
    redaction: RedactionResult | None = None
    orchestration: OrchestrationResult | None = None
    drill: DrillResult | None = None
    fleet_prefect: PrefectFleetResult | None = None

    def key_figures(self) -> dict[str, Any]:
        """The key figures as one object; what was not measured is null."""
        check, fleet = self.check, self.fleet
        return {
            "check_vs_ssh_sh_s": check and _rounded(check.times("ssh_sh_s")),
            "check_vs_ansible": check and _rounded(check.times("ansible")),
            "check_vs_pyinfra": check and _rounded(check.times("pyinfra")),
            "round_trips": check and check.round_trips,
            "fleet_client_cpu_ms_per_host": fleet and round(fleet.cpu_ms_per_host, 1),
            "fleet_peak_mb": fleet and round(fleet.peak_mb_at_100, 1),
            "redact_mb_per_cpu_s": self.redaction and round(self.redaction.mb_per_cpu_s["container_log"], 1),
            "orchestration_overhead_s": self.orchestration and round(self.orchestration.overhead_s, 2),
        }


def _rounded(times: dict[int, float]) -> dict[int, float]:
    return {delay: round(value, 3) for delay, value in times.items()}


def read_results(file: Path) -> Results:
    """What was kept; nothing when there is no such file."""
    return Results.model_validate_json(file.read_bytes()) if file.exists() else Results()
