"""Figures of the bench: medians with quartiles, ratios, slopes, and whether a goal is met."""

import pytest

from bench.figures import Spread, ratio, slope, spread
from bench.goals import Goal, goals
from bench.machine import Machine
from bench.results import CheckResult, FleetPoint, FleetResult, RedactionResult, Results, Timing

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


def check_result(*timings: Timing, round_trips: int = 8) -> CheckResult:
    return CheckResult(
        machine=MACHINE,
        commands=24,
        timings=timings,
        round_trips=round_trips,
        connections=1,
        ssh_round_trips=10,
        start_s=0.4,
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
    whole = Results(check=check_result(*timings, round_trips=13), fleet=FLEET, redaction=redaction)
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
    }
    assert goals(Results()) == ()


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
