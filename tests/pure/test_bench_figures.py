"""Figures of the bench: medians with quartiles, ratios, slopes, and whether a goal is met."""

import pytest

from bench.__main__ import main, verdict
from bench.figures import Spread, ratio, slope, spread
from bench.goals import Goal, goals, slips
from bench.machine import Machine
from bench.results import (
    CheckResult,
    DrillResult,
    FleetPoint,
    FleetResult,
    OrchestrationResult,
    PrefectFleetPoint,
    PrefectFleetResult,
    RedactionResult,
    Results,
    Stage,
    Timing,
)

pytestmark = pytest.mark.pure

MACHINE = Machine(
    cores=2,
    memory_gib=23.4,
    system="Lab Linux 12",
    python="3.11.7",
    openssh="OpenSSH_9.2p1",
    measured_at="2026-11-23 15:00 UTC",
    load_before=0.1,
    load_after=1.2,
)


def timing(contender: str, round_trip_ms: int, *seconds: float) -> Timing:
    return Timing(
        contender=contender, words=f"`{contender}`", round_trip_ms=round_trip_ms, wall_s=spread(seconds), cpu_s=0.5
    )


def check_result(*timings: Timing, round_trips: int = 8, start_s: float = 0.4) -> CheckResult:
    return CheckResult(
        machine=MACHINE,
        commands=24,
        timings=timings,
        round_trips=round_trips,
        connections=1,
        ssh_round_trips=10,
        start_s=start_s,
        yardstick_s=0.1,
    )


FLEET = FleetResult(
    machine=MACHINE,
    commands=6,
    points=(
        FleetPoint(hosts=1, wall_s=0.5, cpu_s=0.3, peak_mb=60),
        FleetPoint(hosts=100, wall_s=9, cpu_s=1.3, peak_mb=70),
    ),
    cpu_ms_per_host=10.1,
    peak_mb_at_100=10.0,
)


ORCHESTRATION = OrchestrationResult(
    machine=MACHINE,
    check_s=spread([1.5, 1.7, 1.6]),
    flow_s=spread([3.0, 3.4, 3.1]),
    stages=(Stage(name="before the first task", seconds=0.2), Stage(name="`preflight`", seconds=1.5)),
    requests=(20, 21, 21),
    request_kinds={"POST /artifacts/": 15, "GET /flow_runs/ID": 6},
    suspended_processes=0,
)
DRILL = DrillResult(
    machine=MACHINE,
    deploy_by_hand_s=spread([2.0]),
    rollback_by_hand_s=spread([1.5]),
    command_s=spread([1.4]),
    healthy_s=spread([1.3]),
    verified_s=spread([3.4]),
    window_s=1.0,
)


FLEET_PREFECT = PrefectFleetResult(
    machine=MACHINE,
    points=(
        PrefectFleetPoint(
            workers=2,
            targets=200,
            wall_s=240.4,
            runs_s=(236.1, 238.0),
            audits_per_minute=49.9,
            slowest_s=21.5,
            verdicts={"Passed": 199, "Unknown": 1},
            failures=1,
            peak_mb=(160.2, 161.7),
            cpu_s=(40.0, 41.4),
            server_peak_mb=300.0,
            server_cpu_s=90.2,
            busy=0.98,
            load_before=0.4,
        ),
    ),
)


def test_a_spread_is_the_median_and_the_middle_half() -> None:
    assert spread([5, 1, 2, 4, 3]) == Spread(count=5, lower=2, median=3, upper=4)
    assert spread([7]) == Spread(count=1, lower=7, median=7, upper=7)
    assert spread([1, 2]) == Spread(count=2, lower=1.25, median=1.5, upper=1.75)


def test_one_outlier_moves_no_median() -> None:
    assert spread([1, 1, 1, 1, 100]).median == 1


def test_nothing_measured_has_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_ratio_and_slope() -> None:
    assert ratio([2, 4, 300], [1, 2, 3]) == 2
    assert slope([(1, 110), (10, 200), (100, 1100)]) == pytest.approx(10)


def test_a_check_is_compared_at_each_distance_where_both_were_measured() -> None:
    result = check_result(
        timing("check", 0, 1.0), timing("check", 100, 2.0), timing("ssh_sh_s", 0, 2.0), timing("ansible", 100, 20.0)
    )
    assert result.times("ssh_sh_s") == {0: 0.5}
    assert result.times("ansible") == {100: 0.1}
    assert result.times("pyinfra") == {}


def test_goals_are_met_missed_or_missed_by_far() -> None:
    most, least = Goal(words="", figure=1.0, limit=1.2), Goal(words="", figure=8.0, limit=7.0, at_least=True)
    assert (most.met, least.met) == (True, True)
    near = Goal(words="", figure=1.3, limit=1.2)
    assert (near.met, near.slipped) == (False, False)
    assert Goal(words="", figure=2.5, limit=1.2).slipped
    assert Goal(words="", figure=3.4, limit=7.0, at_least=True).slipped


def test_every_promise_of_what_was_measured_is_a_goal() -> None:
    timings = (timing(name, delay, 1.0) for name in ("check", "ssh_sh_s", "ansible", "pyinfra") for delay in (0, 100))
    redaction = RedactionResult(machine=MACHINE, mb_per_cpu_s={"container_log": 30.0})
    whole = Results(
        check=check_result(*timings, round_trips=13),
        fleet=FLEET,
        redaction=redaction,
        orchestration=ORCHESTRATION,
        drill=DRILL,
        fleet_prefect=FLEET_PREFECT,
    )
    kept = {goal.words: goal.met for goal in goals(whole)}
    assert kept == {
        "`check` at 100 ms: times `ssh host sh -s`": True,
        "`check` at 0 ms: times `ssh host sh -s`": True,
        "`check` at 100 ms: times faster than Ansible": False,
        "`check` at 100 ms: times faster than pyinfra": False,
        "round trips of one `check`": False,
        "connections of one `check`": True,
        "interpreter and imports of one `check`": True,
        "client CPU for each added host": True,
        "memory for 100 hosts beyond one": True,
        "redaction of container logs": True,
        "a flow run in mode observe beyond `check`": True,
        "API requests of the last run: times the first's": True,
        "processes of a suspended run": True,
        "rolled back and verified, without the window: times the own deploy command": True,
        "verification of a rollback, beyond the window": True,
        "audits of a fleet through Prefect that came to no verdict": False,
    }
    assert goals(Results()) == ()


def test_what_prefect_and_proof_add_is_told_without_what_is_wanted() -> None:
    assert ORCHESTRATION.overhead_s == pytest.approx(1.5)
    assert ORCHESTRATION.requests_grown == pytest.approx(1.05)
    assert DRILL.against_deploy == pytest.approx(1.2)
    assert DRILL.added_s == pytest.approx(1.0)
    assert Results(orchestration=ORCHESTRATION).key_figures()["orchestration_overhead_s"] == 1.5


def test_a_check_twice_as_slow_as_promised_is_a_slip(capsys: pytest.CaptureFixture[str]) -> None:
    slow = Results(check=check_result(timing("check", 100, 2.5), timing("ssh_sh_s", 100, 1.0)))
    assert verdict(slips(slow)) == 1
    assert capsys.readouterr().err.splitlines() == [
        "bench: slipped: `check` at 100 ms: times `ssh host sh -s`: 2.50× (at most 2.4× is let pass)",
        "bench: 1 slipped",
    ]


def test_a_start_that_takes_long_is_a_slip_only_where_the_machine_is_quick() -> None:
    slow_machine = check_result(start_s=3.0).model_copy(update={"yardstick_s": 0.8})
    assert slips(Results(check=slow_machine)) == ()
    heavy = slips(Results(check=check_result(start_s=1.0)))
    assert [goal.words for goal in heavy] == ["start of `check`: times that of a part of the standard library"]


def test_more_connections_are_a_slip_and_a_busy_moment_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    two = check_result().model_copy(update={"connections": 3})
    assert [goal.words for goal in slips(Results(check=two))] == ["connections of one `check`"]
    busy = check_result(timing("check", 0, 3.5), timing("ssh_sh_s", 0, 1.0), timing("check", 100, 2.3))
    assert verdict(slips(Results(check=busy, fleet=FLEET))) == 0
    assert capsys.readouterr().err == "bench: nothing slipped\n"


def test_what_needs_other_contenders_is_no_part_of_the_guard(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["libraries", "--guard"])
    assert "--guard measures against ssh alone" in capsys.readouterr().err


def test_key_figures_have_every_name_and_null_for_what_was_not_measured() -> None:
    figures = Results(fleet=FLEET).key_figures()
    assert list(figures) == [
        "check_vs_ssh_sh_s",
        "check_vs_ansible",
        "check_vs_pyinfra",
        "round_trips",
        "fleet_client_cpu_ms_per_host",
        "fleet_peak_mb",
        "redact_mb_per_cpu_s",
        "orchestration_overhead_s",
    ]
    assert (figures["fleet_client_cpu_ms_per_host"], figures["round_trips"]) == (10.1, None)
