"""What the host says to a controller that comes back after its drill was closed; under several shells."""

from pathlib import Path

import pytest

from ghcr_audit.drill.journal import Journal, Step, render
from tests.loopback.test_dead_man import OneHost, host_journal, one_host
from tests.pure.test_drill_journal import RUN

pytestmark = pytest.mark.loopback

STRANGER = "7a2f1d6e-6c1c-4a55-9a0c-3f1f4be2a222"


@pytest.fixture(params=["dash", "bash", "busybox"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> OneHost:
    return one_host(tmp_path, request.param)


def closed_by(host: OneHost, run: str, drill: Journal) -> None:
    """This run restored the host after the drill, and closed it."""
    host.went_well("take", "observer", run, "20", "restore", "a test")
    host.put(drill.at(Step.RESTORING, by=run))
    host.went_well("close_drill", "observer", run, "docker")


def test_its_journal_is_refused_whoever_brings_it_and_nothing_is_left_behind(host: OneHost) -> None:
    drill = host_journal(host.home)
    closed_by(host, STRANGER, drill)
    over = f"refused: the drill of run {RUN} is over: this host was restored, and the drill closed\n"
    own = host.step("take", "observer", RUN, "20", "restore", "one that slept")
    assert (own.returncode, own.stderr) == (75, over)
    other = f"{STRANGER[:-1]}3"
    host.went_well("take", "observer", other, "20", "restore", "one with a copy")
    late = host.step("put", "observer", other, "restoring", render(drill.at(Step.RESTORING, by=other)))
    assert (late.returncode, late.stderr) == (75, over)
    polling = host.step("poll_start", "observer", other, "5", "")
    assert (polling.returncode, "not of " in polling.stderr) == (75, True)
    host.went_well("release", "observer", other)
    assert sorted(file.name for file in host.place.iterdir()) == ["closed", "lock"]


def test_a_run_that_is_run_again_drills_again(host: OneHost) -> None:
    """Prefect gives a retried run its old id."""
    drill = host_journal(host.home)
    closed_by(host, STRANGER, drill)
    host.went_well("take", "observer", RUN, "20", "new", "a retry")
    host.put(drill)


def test_the_next_drill_is_not_meant_and_the_newest_twenty_are_remembered(host: OneHost) -> None:
    drill = host_journal(host.home)
    runs = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(22)]
    for run in runs:
        closed_by(host, run, drill.model_copy(update={"run": run, "by": run}))
    assert (host.place / "closed").read_text(encoding="utf-8").split() == runs[-20:]
