"""Drills by a Prefect deployment: whatever of Prefect dies or is cancelled, and when, the host is put back."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Cancelling

from deployments.stack import children
from ghcr_audit.drill.journal import Step
from ghcr_audit.evidence import Link
from lab.images import publish_release
from lab.lab import Lab
from lab.repository import RELEASES
from lab.served import Served, served
from lab.target import Setting
from tests.lab.drills import Site, await_step, host_kept, leftovers, put_back, site_of

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]

NEW = RELEASES.newest_published
BACK_WITHIN_S = 60
MORE = {step: pytest.param(step, marks=pytest.mark.long) for step in Step}
"""Deaths at steps that the shorter ring leaves out: each of it dies at two of them."""
SETTINGS: dict[str, Setting | None] = {"deploy__lease_s": 8, "deploy__limit_s": 20, "wait_for_tag_s": 60}


@pytest.fixture(scope="module")
def audits(lab_machine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A lab of this module's own, where both images lie that a drill would pull: its tags stay as they are."""
    with Lab.temporary() as lab:
        lab.pull(NEW, "latest")
        with served(lab, tmp_path_factory.mktemp("served"), target=SETTINGS) as running:
            yield running


@pytest.fixture
def site(audits: Served, tmp_path: Path) -> Iterator[Site]:
    site = site_of(audits.lab, tmp_path, **SETTINGS)
    yield site
    put_back(site)


def drilling_until(audits: Served, site: Site, step: Step) -> UUID:
    """A run of the deployment that has just come to this step."""
    run = audits.trigger(mode="drill", wait_hours=0)
    await_step(site, step)
    return run


def kill_flow(audits: Served, _run: UUID) -> None:
    for process in children(audits.stack.pid("worker")):
        os.kill(process, signal.SIGKILL)


def kill_worker_and_flow(audits: Served, _run: UUID) -> None:
    """The worker first: it must not see its flow end. Another one starts at once, as `./run serve` sees to."""
    worker = audits.stack.pid("worker")
    processes = children(worker)
    os.kill(worker, signal.SIGKILL)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    audits.stack.start_worker()


def cancel(audits: Served, run: UUID) -> None:
    with audits.client() as client:
        client.set_flow_run_state(run, Cancelling())


def await_restored(audits: Served, site: Site) -> None:
    """Until no trace of the drill is left, on the host and with the controller."""
    deadline = time.monotonic() + BACK_WITHIN_S
    while leftovers(site) or journals(audits):
        assert time.monotonic() < deadline, f"still there: {leftovers(site)}; log:\n{audits.log('worker')[-3000:]}"
        time.sleep(0.2)


def storage(audits: Served) -> Path:
    return audits.stack.folder / "prefect" / "storage"


def journals(audits: Served) -> list[Path]:
    return list(storage(audits).glob("ghcr-audit-journal-*"))


def recoveries(audits: Served) -> list[State]:
    """The states of all runs of `recover` that a drill or another of them scheduled."""
    with audits.client() as client:
        runs = client.read_flow_runs(limit=200)
    return [run.state for run in runs if "recovers:observer" in run.tags and run.state is not None]


def test_a_drill_walks_the_whole_chain_and_leaves_no_watch(audits: Served, site: Site) -> None:
    with host_kept(site):
        run = audits.trigger(mode="drill", wait_hours=0)
        await_step(site, Step.DEPLOYING)
        assert [state.name for state in recoveries(audits)] == ["Scheduled"]
        final = audits.settled(run)
    assert (final.name, final.type.value) == ("PassedWithWarnings", "COMPLETED")
    assert [state for state in recoveries(audits) if state.is_scheduled()] == []
    assert journals(audits) == []
    assert json.loads((storage(audits) / "ghcr-audit-healthy-observer").read_text()) == [RELEASES.running]
    report = audits.report(run)
    assert [link.link for link in report.links if not link.not_run] == list(Link)
    with audits.client() as client:
        names = [task.name.rpartition("-")[0] for task in client.read_task_runs(limit=200) if task.flow_run_id == run]
    assert sorted(names) == sorted([*(link.value for link in Link), "publish"])


@pytest.mark.parametrize("step", [MORE[Step.BEGUN], Step.DEPLOYING, MORE[Step.ROLLING_BACK], Step.RESTORING])
def test_a_killed_flow_is_followed_by_the_hook_of_its_worker(audits: Served, site: Site, step: Step) -> None:
    with host_kept(site):
        run = drilling_until(audits, site, step)
        kill_flow(audits, run)
        assert audits.settled(run).name == "Crashed"
        await_restored(audits, site)


@pytest.mark.parametrize("step", [MORE[Step.BEGUN], Step.DEPLOYING, Step.ROLLING_BACK, MORE[Step.RESTORING]])
def test_a_killed_flow_and_worker_are_followed_by_the_watch(audits: Served, site: Site, step: Step) -> None:
    with host_kept(site):
        run = drilling_until(audits, site, step)
        kill_worker_and_flow(audits, run)
        await_restored(audits, site)
    final = audits.settled(run)
    assert final.name == "Crashed"
    assert "its process died in mid-drill" in (final.message or "")
    assert "Restored" in [state.name for state in recoveries(audits)]


@pytest.mark.parametrize("step", [MORE[Step.BEGUN], Step.DEPLOYING, Step.ROLLING_BACK, MORE[Step.RESTORING]])
def test_a_cancelled_drill_restores_its_host_before_it_ends(audits: Served, site: Site, step: Step) -> None:
    with host_kept(site):
        run = drilling_until(audits, site, step)
        cancel(audits, run)
        assert audits.settled(run).name == "Cancelled"
        await_restored(audits, site)


def test_recovering_where_no_drill_is_open_is_over_at_once_and_says_so(audits: Served) -> None:
    with audits.client() as client:
        deployment = client.read_deployment_by_name("recover/recover")
        run = client.create_flow_run_from_deployment(deployment.id).id
    final = audits.settled(run)
    assert (final.name, final.message) == ("Completed", "no drill is open")
    done = audits.cli("recover", "observer")
    assert (done.returncode, done.stdout) == (0, "observer: nothing: no drill is open\n")


def test_a_tag_that_is_being_published_is_waited_for(audits: Served) -> None:
    lab, tag = audits.lab, "20260301-000001"
    run = audits.trigger(tag=tag, mode="pull", wait_hours=0)
    deadline = time.monotonic() + BACK_WITHIN_S
    while f"waiting up to 60 s for {lab.image}:{tag}" not in audits.log("worker"):
        assert time.monotonic() < deadline, audits.log("worker")[-3000:]
        time.sleep(0.2)
    publish_release(lab.upstream, "acme/observer", tag, busybox=lab.busybox)
    audits.settled(run)
    report = audits.report(run)
    held = [claim.key for link in report.links for claim in link.claims if claim.outcome == "holds"]
    assert {"preflight.tag_published", "digest.registry_equals_host"} <= set(held)
    waited = next(one for one in report.observations if one.key == "registry.waited")
    assert waited.stdout.endswith("the registry has it")
