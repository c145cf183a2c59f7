"""Drills by a Prefect deployment, to their end; what dies or is cancelled in their middle: test_prefect_faults.py."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.schemas.objects import State

from ghcr_audit.drill.journal import Step
from ghcr_audit.evidence import Link
from lab.images import publish_release
from lab.lab import Lab
from lab.repository import RELEASES
from lab.served import Served, served
from lab.target import Setting
from tests.lab.drills import Site, await_step, drill_process, host_kept, put_back, site_of

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]

NEW = RELEASES.newest_published
BACK_WITHIN_S = 60
LEASE_S = 8
SETTINGS: dict[str, Setting | None] = {"deploy__lease_s": LEASE_S, "deploy__limit_s": 20, "wait_for_tag_s": 60}


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


def test_a_fleet_that_pulls_first_puts_a_host_back_on_which_a_drill_was_left_open(audits: Served, site: Site) -> None:
    """Its controller is gone for good: the host's own copy of the journal is all that there is."""
    with host_kept(site):
        with drill_process(site, site.audit(NEW)) as process:
            await_step(site, Step.ROLLING_BACK, process)
        site.controllers_copy.unlink()
        time.sleep(LEASE_S)
        ended = audits.cli("fleet", "observer", "--mode", "pull", "--json")
    assert f"an unfinished drill on {site.target.where}: restored" in ended.stderr


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
