"""The whole chain through a real Prefect server: blocked, resumed, judged - suspended by a worker, paused by a CLI."""

import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from uuid import UUID

import docker
import pytest
from prefect.blocks.system import Secret as SecretBlock
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import AwaitingRetry

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Outcome
from ghcr_audit.verdicts import Verdict
from lab.demo_story import leaks
from lab.lab import Lab
from lab.served import Served, served

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def audits(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(lab, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(autouse=True)
def refused_credential(lab: Lab, audits: Served) -> Iterator[None]:
    """Incident 5 before each test; a healthy lab, and no run that still waits, after it."""
    lab.store_credential(lab.tokens.gh_oauth)
    yield
    lab.store_credential(lab.tokens.good)
    audits.cancel_waiting_runs()


def save_block(audits: Served, name: str, value: str) -> None:
    with temporary_settings({PREFECT_API_URL: audits.stack.api_url}):
        SecretBlock(value=value).save(name, overwrite=True)


def assert_judged(audits: Served, report_verdict: Verdict, markdown: str) -> None:
    releases = audits.lab.releases
    assert report_verdict is Verdict.PASSED_WITH_WARNINGS
    assert "token_scope_insufficient" in markdown
    assert f"Git has the tag {releases.unpublished}" in markdown.replace("`", "")


def test_a_suspended_run_outlives_server_and_worker_and_judges_each_credential(audits: Served) -> None:
    audits.lab.docker("image", "rm", f"{audits.lab.image}:{audits.lab.releases.newest_published}")  # of another test
    run = audits.trigger()
    first = audits.settled(run)
    assert first.name == "Suspended"
    blocked = audits.report(run)
    assert blocked.verdict is Verdict.BLOCKED
    assert [f.cause for f in blocked.findings if f.certainty == "proven"] == [Cause.TOKEN_SCOPE_INSUFFICIENT]
    assert any("403 Forbidden" in o.stderr or "denied" in o.stderr for o in blocked.observations if o.key == "pull.tag")

    wrong = audits.cli("resume", str(run), "--by", "First Reader", stdin=f"{audits.lab.tokens.no_access}\n")
    assert wrong.returncode == 0, wrong.stderr
    second = audits.settled(run, after=first)
    assert second.name == "Suspended"
    assert "Credential 1 was not accepted" in audits.form(run)
    assert "read_package" in audits.form(run).replace("\\", "")

    audits.stack.stop("worker")
    audits.stack.stop("server")
    audits.stack.start_server()
    audits.stack.wait_for_server()
    audits.stack.start_worker("worker-2")
    save_block(audits, "once-ghcr-token", audits.lab.tokens.good)
    assert audits.answer(run, "once-ghcr-token", answered_by="Second Reader") == "ACCEPT"
    final = audits.settled(run, after=second)
    audits.stack.stop("worker-2")
    audits.stack.start_worker()

    assert (final.name, final.type.value) == ("PassedWithWarnings", "COMPLETED")
    report = audits.report(run)
    assert_judged(audits, report.verdict, audits.cli("report", str(run)).stdout)
    assert [(one.accepted, one.answered_by, one.way) for one in report.attempts] == [
        (False, "First Reader", "sealed"),
        (True, "Second Reader", "secret block once-ghcr-token"),
    ]
    bundle = next(audits.folder.rglob(f"evidence-{run}.tar.gz"))
    verified = json.loads(audits.cli("verify", str(bundle), "--json").stdout)
    assert (verified["outcome"], verified["passes"], verified["reports_judged_again"]) == ("intact", 3, 3)
    claims = {claim.key: claim for link in report.links for claim in link.claims}
    assert claims["digest.registry_equals_host"].outcome is Outcome.HOLDS
    assert "was not there before" in claims["pull.local_tags_kept"].is_
    assert claims["digest.registry_equals_host"].is_ in _digests_on_the_host(audits.lab)
    secrets = (audits.lab.tokens.good, audits.lab.tokens.no_access, audits.lab.tokens.gh_oauth)
    assert [path for secret in secrets for path in leaks(secret, audits.folder)] == []
    with (
        temporary_settings({PREFECT_API_URL: audits.stack.api_url}),
        pytest.raises(ValueError, match="once-ghcr-token"),
    ):
        SecretBlock.load("once-ghcr-token")


@pytest.mark.long
def test_a_paused_run_in_a_terminal_goes_on_with_the_right_credential(audits: Served) -> None:
    tag = audits.lab.releases.newest_published
    process = audits.cli_started("run", "observer", "--tag", tag, "--mode", "pull", "--wait-hours", "1", "--json")
    run = _waiting_run(audits)
    first = audits.settled(run)
    assert first.name == "Paused"
    expired = audits.cli("resume", str(run), stdin=f"{audits.lab.tokens.expired}\n")
    assert expired.returncode == 0, expired.stderr
    second = audits.settled(run, after=first)
    assert "token endpoint 403 DENIED" in audits.form(run)
    assert audits.cli("resume", str(run), stdin=f"{audits.lab.tokens.good}\n").returncode == 0
    assert audits.settled(run, after=second).name == "PassedWithWarnings"
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["verdict"] == "PassedWithWarnings"
    assert leaks(audits.lab.tokens.good, audits.folder) == []


def _digests_on_the_host(lab: Lab) -> list[str]:
    """Asked of the engine itself, past everything that the audit used."""
    engine = docker.DockerClient(base_url=f"unix://{lab.docker_socket}")
    image = engine.images.get(f"{lab.image}:{lab.releases.newest_published}")
    return [digest.rpartition("@")[2] for digest in image.attrs["RepoDigests"]]


def _waiting_run(audits: Served) -> UUID:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with audits.client() as client:
            runs = [run for run in client.read_flow_runs(limit=50) if run.deployment_id is None]
        paused = [run.id for run in runs if run.state is not None and run.state.is_paused()]
        if paused:
            return paused[0]
        time.sleep(0.3)
    raise AssertionError("no run of the terminal is paused")


@pytest.mark.long
def test_answers_that_hold_no_credential_are_refused_or_asked_again(audits: Served) -> None:
    run = audits.trigger()
    first = audits.settled(run)
    token = audits.lab.tokens.good
    assert audits.answer(run, token) == "REJECT"
    assert audits.answer(run, "my-block", user=token) == "REJECT"
    assert audits.answer(run, "my-block", answered_by=token) == "REJECT"
    assert audits.settled(run).id == first.id
    assert leaks(token, audits.stack.folder) == []

    assert audits.answer(run, "no-such-block") == "ACCEPT"
    second = audits.settled(run, after=first)
    assert "there is no Secret block named no-such-block" in audits.form(run)
    save_block(audits, "empty-block", " ")
    assert audits.answer(run, "empty-block") == "ACCEPT"
    third = audits.settled(run, after=second)
    assert "the token is empty" in audits.form(run)

    other = audits.trigger()
    ended = audits.settled(other)
    assert ended.name == "Blocked"
    assert "already waits" in audits.log("worker")

    save_block(audits, "lab-token", token)
    assert audits.answer(run, "lab-token") == "ACCEPT"
    assert audits.settled(run, after=third).name == "PassedWithWarnings"


def test_a_wait_that_nobody_answers_ends_as_failed_and_the_blocked_report_stands(audits: Served) -> None:
    run = audits.trigger(wait_hours=0.001)
    assert final_states(audits, run, times=1) == ["Suspended", "Failed"]
    assert audits.report(run).verdict is Verdict.BLOCKED


@pytest.mark.long
def test_each_kind_of_retry_of_a_wait_that_nobody_answered_asks_again(audits: Served) -> None:
    run = audits.trigger(wait_hours=0.001)
    assert final_states(audits, run, times=1) == ["Suspended", "Failed"]
    retried = subprocess.run(
        [sys.executable, "-m", "prefect", "flow-run", "retry", str(run)],
        env=audits.stack.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert retried.returncode == 0, retried.stderr
    assert final_states(audits, run, times=2) == ["Suspended", "Failed"] * 2
    with audits.client() as client:  # as the button of the UI does it
        client.set_flow_run_state(run, AwaitingRetry())
    assert final_states(audits, run, times=3) == ["Suspended", "Failed"] * 3
    assert audits.report(run).verdict is Verdict.BLOCKED


def final_states(audits: Served, run: UUID, *, times: int) -> list[str]:
    """The names of all states in which the run waited or had ended, once it has ended so often."""
    deadline = time.monotonic() + 90
    while True:
        with audits.client() as client:
            states = sorted(client.read_flow_run_states(run), key=lambda state: str(state.timestamp))
        if sum(state.is_final() for state in states) >= times:
            return [state.name or "" for state in states if state.is_final() or state.is_paused()]
        assert time.monotonic() < deadline, [state.name for state in states]
        time.sleep(0.5)


def test_mode_observe_never_waits_and_changes_nothing(audits: Served) -> None:
    before = audits.lab.stored_config()
    state = audits.settled(audits.trigger(mode="observe"))
    assert (state.name, state.type.value) == ("Blocked", "FAILED")
    assert audits.lab.stored_config() == before


@pytest.mark.long
def test_the_server_lists_past_runs_and_tells_what_changed(audits: Served) -> None:
    runs = [audits.trigger(mode="observe") for _ in range(2)]
    for run in runs:
        audits.settled(run)
    listed = json.loads(audits.cli("history", "observer", "--json", "--limit", "2").stdout)
    assert {one["past"]["run"] for one in listed["runs"]} == {str(run) for run in runs}
    assert {one["trust"] for one in listed["runs"]} == {"as the server keeps it"}
    done = audits.cli("diff", str(runs[0])[:12], str(runs[1]))
    assert (done.returncode, "Nothing that both runs saw has changed." in done.stdout) == (0, True), done.stderr


@pytest.mark.long
def test_the_key_that_opens_the_host_may_stand_in_a_secret_block(audits: Served) -> None:
    key, file = audits.lab.client_key.read_text(encoding="ascii"), audits.folder / "targets" / "observer.toml"
    audits.lab.store_credential(audits.lab.tokens.good)
    save_block(audits, "deploy-key", key)
    file.write_text(audits.lab.target_toml(host__identity_file=None, host__identity_block="deploy-key"))
    try:
        run = audits.trigger(mode="observe")
        audits.settled(run)
        checked = audits.cli("check", "observer")
    finally:
        file.write_text(audits.lab.target_toml(), encoding="utf-8")
    assert next(one for one in audits.report(run).observations if one.key == "host.whoami").ok
    assert "which only a flow reads" in checked.stdout
    assert leaks(key.splitlines()[3], audits.stack.folder) == []


def test_a_release_that_was_never_published_ends_as_broken(audits: Served) -> None:
    audits.lab.store_credential(audits.lab.tokens.good)
    run = audits.trigger(tag=None, mode="observe")
    state = audits.settled(run)
    assert state.name == "Broken"
    assert "tag_not_published" in (state.message or "")


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"tag": "$(reboot)"}, "not a tag"),
        ({"mode": "drill"}, "observer: drill: is 'forbidden'"),
        ({"mode": "pull", "force": "to see"}, "belong to a drill"),
    ],
)
def test_what_cannot_be_meant_fails_with_one_sentence(
    audits: Served, parameters: dict[str, str], sentence: str
) -> None:
    file = audits.folder / "targets" / "observer.toml"
    file.write_text(audits.lab.target_toml(drill="forbidden"), encoding="utf-8")
    try:
        state = audits.settled(audits.trigger(**parameters))
    finally:
        file.write_text(audits.lab.target_toml(), encoding="utf-8")
    assert (state.name, state.type.value) == ("Failed", "FAILED")
    assert sentence in (state.message or "")


def test_a_target_that_was_not_there_when_it_was_deployed_is_refused_by_the_server(audits: Served) -> None:
    with pytest.raises(PrefectHTTPStatusError, match="409 Conflict"):
        audits.trigger(target="no-such-target")


def test_of_two_runs_at_once_one_waits(audits: Served) -> None:
    runs = [audits.trigger(), audits.trigger()]
    names = sorted(audits.settled(run).name or "" for run in runs)
    assert names == ["Blocked", "Suspended"]


@pytest.mark.long
def test_a_newer_tag_does_not_change_what_a_waiting_run_audits(audits: Served, lab: Lab) -> None:
    run = audits.trigger(tag=None)
    waiting = audits.settled(run)
    blocked = audits.report(run)
    git = ("git", "-C", str(lab.repository), "tag")
    subprocess.run([*git, "20991231-235900"], check=True)
    try:
        assert audits.cli("resume", str(run), stdin=f"{lab.tokens.good}\n").returncode == 0
        audits.settled(run, after=waiting)
    finally:
        subprocess.run([*git, "--delete", "20991231-235900"], check=True, capture_output=True)
    report = audits.report(run)
    assert report.tag == blocked.tag == lab.releases.unpublished
    assert report.started_at == blocked.started_at


@pytest.mark.long
def test_a_host_lost_after_the_login_is_told_as_lost_and_asks_for_nothing_more(audits: Served, lab: Lab) -> None:
    run = audits.trigger()
    waiting = audits.settled(run)
    good = base64.b64encode(f"lab:{lab.tokens.good}".encode()).decode()
    assert audits.cli("resume", str(run), stdin=f"{lab.tokens.good}\n").returncode == 0
    deadline = time.monotonic() + 60
    while good not in lab.stored_config() and time.monotonic() < deadline:
        time.sleep(0.02)
    lab.stop_sshd()
    lab.cut_sessions()
    try:
        final = audits.settled(run, after=waiting)
    finally:
        lab.start_sshd()
    assert final.name == "Unknown"
    report = audits.report(run)
    outcome = report.attempts[0].outcome  # the answer to docker login may have been cut off, too
    assert outcome == "accepted" or outcome.startswith("the host was lost at docker login")
    assert len(report.attempts) == 1
    assert Cause.SSH_UNREACHABLE in [finding.cause for finding in report.findings]


@pytest.mark.long
def test_a_paused_run_that_is_cancelled_ends_and_touches_nothing_more(audits: Served, lab: Lab) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell lets ignore it what it runs in the background
    try:
        process = audits.cli_started("run", "observer", "--tag", lab.releases.newest_published, "--mode", "pull",
                                     "--wait-hours", "1")  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    audits.settled(_waiting_run(audits))
    audits.cancel_waiting_runs()
    process.communicate(timeout=120)
    assert process.returncode not in (0, Verdict.BLOCKED.exit_code)
