"""The dead-man timer on a real host: the controller is gone for good, or comes back late."""

import contextlib
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters.journals import FolderJournals
from ghcr_audit.adapters.recover import Outcome, recover
from ghcr_audit.drill.dead_man import LEASES
from ghcr_audit.drill.journal import Step
from ghcr_audit.links import dead_man
from ghcr_audit.verdicts import Verdict
from lab.lab import Lab
from lab.repository import RELEASES
from tests.lab.drills import (
    Site,
    await_step,
    deployed,
    drill_process,
    host_kept,
    looked,
    put_back,
    recovered,
    report,
    running,
    site_of,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

OLD, NEW = RELEASES.running, RELEASES.newest_published
LEASE_S = 5
SOON_S = LEASE_S + LEASES * LEASE_S
RESTORE_S = 15


@pytest.fixture
def site(drill_lab: Lab, tmp_path: Path) -> Iterator[Site]:
    site = site_of(drill_lab, tmp_path, deploy__lease_s=LEASE_S, deploy__limit_s=20, deploy__dead_man=True)
    yield site
    put_back(site)


def await_end_of(site: Site, *, since: float) -> float:
    """Until no journal lies on the host; how long that took."""
    while (site.place / "journal").exists():
        assert time.monotonic() < since + SOON_S + RESTORE_S, "the timer has not restored the host"
        time.sleep(0.1)
    return time.monotonic() - since


def timers_log(site: Site, run: str) -> str:
    file = site.place.parent / "logs" / f"dead-man-{run}.log"
    return file.read_text(encoding="utf-8") if file.exists() else ""


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Step.DEPLOYING, marks=pytest.mark.long),
        Step.ROLLING_BACK,
        pytest.param(Step.RESTORING, marks=pytest.mark.long),
    ],
)
def test_a_host_whose_controller_is_gone_for_good_puts_itself_back(site: Site, step: Step) -> None:
    """Its journals are gone with it. One case waits for its lease, too; in the others that is as if it had expired."""
    audit = site.audit(NEW)
    with host_kept(site):
        with drill_process(site, audit, rollback=step is Step.ROLLING_BACK) as process:
            await_step(site, step)
            process.send_signal(signal.SIGKILL)
        shutil.rmtree(site.folder)
        if step is not Step.DEPLOYING:
            (site.place / "lease").unlink()
        took_s = await_end_of(site, since=time.monotonic())
        print(f"{step.value}: the host was the same after {took_s:.1f} s")
        assert took_s > LEASES * LEASE_S, "a controller that is alive but slow had its time"
    assert f" {audit.run} restored\n" in timers_log(site, audit.run)
    told = recovered(site, look=True)
    assert (told.outcome, f"drill of run {audit.run}: the host's dead-man timer restored it" in told.told) == (
        Outcome.NOTHING,
        True,
    )


@pytest.mark.long
def test_a_controller_that_comes_back_after_the_timer_restored_is_refused(site: Site, tmp_path: Path) -> None:
    """It sleeps in its deploy and wakes when all is over. Prefect's hook, which would come before it, is told, too."""
    audit = site.audit(NEW)
    with host_kept(site):
        with drill_process(site, audit) as process:
            await_step(site, Step.DEPLOYING)
            process.send_signal(signal.SIGSTOP)
            (site.place / "lease").unlink()  # as if it had expired
            await_end_of(site, since=time.monotonic())
            hooks = Path(shutil.copytree(site.folder, tmp_path / "hooks"))
            hook = recover(site.target, FolderJournals(hooks), run=audit.run, own=True)
            process.send_signal(signal.SIGCONT)
            said, _ = process.communicate(timeout=60)
        assert hook.outcome is Outcome.RESTORED
        assert hook.told.startswith("the host's dead-man timer restored it at "), hook.told
        assert list(hooks.iterdir()) == []
        assert said.splitlines()[-1:] != [Verdict.RESTORE_FAILED.value], said
        assert process.returncode == 0, said
        assert running(site.lab) == OLD


def test_a_drill_that_goes_well_ends_its_timer_which_has_done_nothing(site: Site) -> None:
    """Its preflight tells which timer acted on this host before, in the tests above (none, where this runs alone)."""
    acted = sorted((site.place.parent / "logs").glob("dead-man-*.log"), key=lambda file: file.stat().st_mtime)
    timers: list[tuple[bool, str, set[str]]] = []
    with host_kept(site):
        audit = looked(site.audit(NEW))
        told = [claim.is_.partition(":")[0] for claim in dead_man.claims(audit)]
        audit = deployed(site, audit, restoring=lambda: timers.append(timer_seen(site)))
    assert told == [f"of the drill of run {file.stem.removeprefix('dead-man-')}" for file in acted[-1:]]
    (leads, words, opened) = timers[0]
    assert (leads, f"{site.place}/dead-man.sh watch" in words) == (True, True), words
    assert opened <= {"null", "dead-man.sh"}, "what it kept open of the session would keep the channel open"
    assert timers_log(site, audit.run) == ""
    assert report(audit).verdict is not Verdict.RESTORE_FAILED


def timer_seen(site: Site) -> tuple[bool, str, set[str]]:
    """The process that the place names: whether it leads a session of its own, its words, what it holds open."""
    pid = (site.place / "dead-man").read_text(encoding="utf-8").partition(".")[0]
    session = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[3]
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    opened = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            opened.add(entry.readlink().name)
    return session == pid, words, opened
