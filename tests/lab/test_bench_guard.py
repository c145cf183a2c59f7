"""The guard of the bench on a real lab: a check that became slow fails it, and only when it is slow twice."""

import pytest

import bench.__main__
from bench import contenders
from bench.contenders import Pace, Taken, Work
from bench.measure_check import Plan
from bench.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(900)]

ONE_GO = Plan(delays_ms=(0,), rounds={Pace.QUICK: 1, Pace.SLOW: 0, Pace.SLOWEST: 0})
SLOWER = 30
"""Beyond any noise."""


def test_a_check_that_became_slow_is_measured_once_more_and_fails_the_guard(
    lab_machine: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = contenders._check

    def slow(site: Site, work: Work) -> Taken:
        taken = real(site, work)
        return Taken(wall_s=taken.wall_s * SLOWER, cpu_s=taken.cpu_s)

    monkeypatch.setattr(contenders, "_check", slow)
    monkeypatch.setattr(bench.__main__, "GUARD", ONE_GO)
    assert bench.__main__.main(["check", "--guard"]) == 1
    said = capsys.readouterr().err
    assert said.count("warming up") == 4
    assert "bench: slipped: `check` at 0 ms: times `ssh host sh -s`" in said
    assert said.splitlines()[-1] == "bench: 1 slipped"
