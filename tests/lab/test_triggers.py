"""Events on a real server: a release is audited when it is announced, and a person is told of whatever needs one."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events.worker import EventsWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)
from prefect.states import Scheduled

from deployments.automations import Notice, establish, notices
from deployments.stack import StackError
from flows.other_runs import DRILL_TAG
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Link, Mode, Observation, Vantage
from ghcr_audit.targets import read_target
from ghcr_audit.token_facts import HOST_TOKEN
from ghcr_audit.verdicts import Verdict
from lab.lab import Lab
from lab.served import Served, served
from tasks.expiry import tell_of_expiry
from tests.lab.webhook import Webhook, webhook

pytestmark = [pytest.mark.lab, pytest.mark.timeout(800)]

REMINDER_AFTER_S = 10
BLOCK = "custom-webhook/on-call"
TYPES = {
    "Broken": StateType.FAILED,
    "Blocked": StateType.FAILED,
    "Unknown": StateType.FAILED,
    "RestoreFailed": StateType.FAILED,
    "Failed": StateType.FAILED,
    "TimedOut": StateType.FAILED,
    "Crashed": StateType.CRASHED,
    "Cancelled": StateType.CANCELLED,
    "Suspended": StateType.PAUSED,
    "Paused": StateType.PAUSED,
    "Passed": StateType.COMPLETED,
    "PassedWithWarnings": StateType.COMPLETED,
    "Restored": StateType.COMPLETED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A served lab that notifies a webhook."""

    audits: Served
    hook: Webhook


def soon(notice: Notice) -> Notice:
    """The reminder, after seconds instead of a day: the shortest that Prefect takes."""
    if notice.trigger.posture.value != "Proactive":
        return notice
    trigger = notice.trigger.model_copy(update={"within": timedelta(seconds=REMINDER_AFTER_S)})
    return Notice(name=notice.name, description="", trigger=trigger, subject=notice.subject, body=notice.body)


@pytest.fixture(scope="module")
def site(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("served")
    with webhook() as hook, served(lab, folder) as audits, temporary_settings({PREFECT_API_URL: audits.stack.api_url}):
        block = CustomWebhookNotificationBlock(
            name="on-call", url=hook.url, json_data={"subject": "{{subject}}", "body": "{{body}}"}
        )
        block.save("on-call", overwrite=True)
        audits.stack.notify(BLOCK)  # as `./run serve --notify` does it; then with the reminder after seconds
        establish(BLOCK, tuple(soon(notice) for notice in notices()))
        yield Site(audits=audits, hook=hook)


@pytest.fixture(autouse=True)
def refused_credential(lab: Lab, site: Site) -> Iterator[None]:
    lab.store_credential(lab.tokens.gh_oauth)
    yield
    lab.store_credential(lab.tokens.good)
    site.audits.cancel_waiting_runs()


def runs_of(site: Site, deployment: str) -> list[FlowRun]:
    with site.audits.client() as client:
        known = client.read_deployment_by_name(deployment).id
        return [run for run in client.read_flow_runs(limit=200) if run.deployment_id == known]


def await_run(site: Site, deployment: str, *, after: int) -> FlowRun:
    deadline = time.monotonic() + 60
    while len(found := runs_of(site, deployment)) <= after:
        assert time.monotonic() < deadline, f"no run of {deployment}"
        time.sleep(0.2)
    return max(found, key=lambda run: run.created or utc_now())


def emit(site: Site, payload: dict[str, object], target: str = "observer") -> None:
    """As curl does it, whatever is in it."""
    event = {
        "occurred": utc_now().isoformat(),
        "event": "ghcr-audit.release",
        "resource": {"prefect.resource.id": f"ghcr-audit.target.{target}"},
        "payload": payload,
        "id": "00000000-0000-4000-8000-" + f"{time.monotonic_ns() % 16**12:012x}",
    }
    content = json.dumps([event]).encode()
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{site.audits.stack.api_url}/events", content, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        assert answer.status == 204


def test_an_announced_release_is_audited_and_a_person_is_told_that_it_waits_and_reminded(site: Site, lab: Lab) -> None:
    before = len(runs_of(site, "release-audit/post-release-audit"))
    told = site.audits.cli("notify-release", "observer", lab.releases.newest_published)
    assert (told.returncode, "the server has it" in told.stderr) == (0, True), told.stderr
    run = await_run(site, "release-audit/post-release-audit", after=before)
    assert run.parameters == {
        "target": "observer",
        "tag": lab.releases.newest_published,
        "mode": "pull",
        "wait_hours": 72,
    }
    first = site.audits.settled(run.id)
    assert first.name == "Suspended"

    notification = site.hook.await_about("Suspended", str(run.id))
    assert notification.subject == "ghcr-audit: observer pull: Suspended"
    assert notification.body.splitlines() == [
        "State: Suspended",
        "Target: observer",
        "Cause: token_scope_insufficient",
        *[line for line in notification.body.splitlines() if line.startswith("What to do: ") and len(line) > 30],
        "It waits: save the new token as a Secret block, then press Resume; or: ghcr-audit resume " + str(run.id),
        f"Run: {site.audits.stack.url}/runs/flow-run/{run.id}",
    ]
    site.hook.await_about("observer pull still waits", str(run.id), limit_s=REMINDER_AFTER_S + 30)

    resumed = site.audits.cli("resume", str(run.id), "--by", "Trigger Reader", stdin=f"{lab.tokens.good}\n")
    assert resumed.returncode == 0, resumed.stderr
    assert site.audits.settled(run.id, after=first).name == "PassedWithWarnings"
    (attempt,) = site.audits.report(run.id).attempts
    assert (attempt.answered_by, attempt.accepted) == ("Trigger Reader", True)
    assert attempt.answered_at is not None
    assert attempt.asked_at is not None
    assert attempt.asked_at < attempt.answered_at


def test_an_event_chooses_neither_mode_nor_host_nor_an_unknown_target(site: Site) -> None:
    before = len(runs_of(site, "release-audit/post-release-audit"))
    emit(site, {"target": "elsewhere", "tag": "20260120-174230"}, target="elsewhere")
    site.hook.await_about("a release was announced that cannot be audited")
    emit(site, {"target": "observer", "tag": "$(reboot)", "mode": "drill", "wait_hours": 0, "host": "evil.example"})
    run = await_run(site, "release-audit/post-release-audit", after=before)
    assert run.parameters == {"target": "observer", "tag": "$(reboot)", "mode": "pull", "wait_hours": 72}
    state = site.audits.settled(run.id)
    assert (state.name, "not a tag" in (state.message or "")) == ("Failed", True)
    site.hook.await_about("Failed", str(run.id))
    assert len(runs_of(site, "release-audit/post-release-audit")) == before + 1


def forced(site: Site, name: str, *tags: str) -> UUID:
    """A run that never begins, put into this state."""
    later: State[None] = Scheduled(scheduled_time=utc_now() + timedelta(days=1))
    with site.audits.client() as client:
        known = client.read_deployment_by_name("release-audit/release-audit").id
        run = client.create_flow_run_from_deployment(
            known, parameters={"target": "observer"}, state=later, tags=tags
        ).id
        state: State[None] = State(type=TYPES[name], name=name, message="as the test says")
        client.set_flow_run_state(run, state, force=True)
    return run


def test_every_state_that_needs_a_person_is_told(site: Site) -> None:
    needed = [name for name, kind in TYPES.items() if kind is not StateType.COMPLETED]
    assert {one.value for one in Verdict if not one.passed} <= set(needed)
    runs = {name: forced(site, name) for name in needed}
    for name, run in runs.items():
        told = site.hook.await_about(f": {name}", str(run))
        assert "Target: observer" in told.body
        assert "as the test says" in told.body
    with site.audits.client() as client:
        for run in runs.values():
            client.delete_flow_run(run)


def test_a_schedule_that_is_active_has_runs_ahead_and_one_that_is_paused_has_none(site: Site) -> None:
    await_run(site, "recover/recover", after=0)
    await_run(site, "fleet-audit/nightly-observe", after=0)
    ahead = runs_of(site, "recover/recover") + runs_of(site, "fleet-audit/nightly-observe")
    assert {run.state.name for run in ahead if run.auto_scheduled and run.state is not None} >= {"Scheduled"}
    assert runs_of(site, "drill-round/quarterly-drill") == []


def test_a_state_that_needs_nobody_is_not_told(site: Site) -> None:
    quiet = [forced(site, name) for name in ("Passed", "PassedWithWarnings", "Restored")]
    marker = forced(site, "Crashed")
    site.hook.await_about(": Crashed", str(marker))
    assert [site.hook.about(str(run)) for run in quiet] == [[], [], []]


def test_a_run_that_had_begun_a_drill_and_ended_badly_is_followed_by_recover(site: Site) -> None:
    def by_event() -> int:
        return sum(not run.auto_scheduled for run in runs_of(site, "recover/recover"))

    before = by_event()
    without, with_drill = forced(site, "Crashed"), forced(site, "Crashed", DRILL_TAG)
    deadline = time.monotonic() + 30
    while by_event() == before:
        assert time.monotonic() < deadline, "recover was not started"
        time.sleep(0.2)
    site.hook.await_about(": Crashed", str(without))
    site.hook.await_about(": Crashed", str(with_drill))
    assert by_event() == before + 1


@pytest.mark.long
def test_a_round_of_drills_takes_each_target_that_allows_it_in_a_run_of_its_own(site: Site, lab: Lab) -> None:
    lab.store_credential(lab.tokens.good)
    git = ("git", "-C", str(lab.repository), "tag")
    subprocess.run([*git, "--delete", lab.releases.unpublished], check=True)
    try:
        with site.audits.client() as client:
            known = client.read_deployment_by_name("drill-round/quarterly-drill").id
            run = client.create_flow_run_from_deployment(known).id
        final = site.audits.settled(run)
    finally:
        subprocess.run([*git, lab.releases.unpublished], check=True)
    assert (final.name, final.message) == ("PassedWithWarnings", "observer: PassedWithWarnings")
    (drill,) = [one for one in runs_of(site, "release-audit/release-audit") if one.parameters.get("mode") == "drill"]
    assert site.audits.report(drill.id).drill is not None
    assert DRILL_TAG in drill.tags


def test_automations_are_made_once_and_stay_off_where_somebody_switched_them_off(site: Site) -> None:
    with site.audits.client() as client:
        names = [one.name for one in client.read_automations()]
        (expiry,) = client.read_automations_by_name("ghcr-audit credential expires")
        client.pause_automation(expiry.id)
        establish(BLOCK, tuple(soon(notice) for notice in notices()))
        assert sorted(one.name for one in client.read_automations()) == sorted(names)
        assert not client.read_automation(expiry.id).enabled  # type: ignore[union-attr]
        client.resume_automation(expiry.id)
    with pytest.raises(StackError, match="the server has no block 'custom-webhook/nobody'"):
        site.audits.stack.notify("custom-webhook/nobody")


def test_a_credential_that_expires_is_told_once_for_each_step(site: Site, tmp_path: Path) -> None:
    told: list[bool] = []

    @flow(persist_result=False)
    def looked(left_days: float) -> None:
        told.append(tell_of_expiry(expiring(site, timedelta(days=left_days))))

    with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: tmp_path, PREFECT_LOGGING_TO_API_ENABLED: False}):
        for left_days in (13, 13, 6, 20):
            looked(left_days)
    assert told == [True, False, True, False]
    first = site.hook.await_about("observer: a credential expires in", "13 days")
    assert "The credential of lab at 127.0.0.1:" in first.body
    site.hook.await_about("observer: a credential expires in", "6 days")
    EventsWorker.instance().drain()  # this process lives on when the server has ended


def expiring(site: Site, left: timedelta) -> Audit:
    """An audit that saw, so long before its end, when the host's token ends: always at the same moment."""
    target = read_target(site.audits.folder / "targets" / "observer.toml")
    ends = datetime(2026, 12, 24, 9, tzinfo=UTC)
    seen = Observation(
        key=HOST_TOKEN,
        link=Link.AUTH,
        vantage=Vantage.HOST,
        where=target.where,
        asked="the token",
        observed_at=ends - left,
        duration_ms=1,
        stdout=f"kind ghp_\nuser 200\nGitHub-Authentication-Token-Expiration {ends:%Y-%m-%d %H:%M:%S} UTC\n",
    )
    run = "00000000-0000-4000-8000-000000000000"
    return Audit(
        target=target, tag="20260120-174230", mode=Mode.OBSERVE, run=run, started_at=utc_now(), observations=(seen,)
    )
