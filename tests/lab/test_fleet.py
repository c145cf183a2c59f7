"""Many targets at once: one bad host sinks no other, and one credential is asked for once."""

import json
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from prefect.blocks.system import Secret as SecretBlock
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.stack import free_port
from ghcr_audit.evidence import Link
from ghcr_audit.fleet import Fleet, FleetMode
from ghcr_audit.report.words import BROKEN, NOT_RUN
from ghcr_audit.verdicts import Verdict
from lab.demo_story import leaks
from lab.lab import Lab
from lab.served import Served, served

pytestmark = [pytest.mark.lab, pytest.mark.timeout(480)]

LOST, MALFORMED = "lost", "malformed"
SAME = ("api", "observer", "web")
"""Targets of one host, which stores one credential for all of them."""


@pytest.fixture(scope="module")
def audits(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(lab, tmp_path_factory.mktemp("served")) as running:
        folder = running.folder / "targets"
        for name in SAME:
            (folder / f"{name}.toml").write_text(lab.target_toml(), encoding="utf-8")
        (folder / f"{LOST}.toml").write_text(lab.target_toml(host__port=free_port()), encoding="utf-8")
        (folder / f"{MALFORMED}.toml").write_text("image =", encoding="utf-8")
        yield running


@pytest.fixture(autouse=True)
def healthy(lab: Lab, audits: Served) -> Iterator[None]:
    lab.store_credential(lab.tokens.good)
    yield
    lab.store_credential(lab.tokens.good)
    audits.cancel_waiting_runs()


def fleet_of(audits: Served, run: UUID) -> Fleet:
    with audits.client() as client:
        found = [one for one in client.read_artifacts(limit=200) if one.flow_run_id == run]
    newest = max((str(one.created), str(one.data)) for one in found if one.key == "fleet-report-json")[1]
    return Fleet.model_validate_json(newest.removeprefix("```json\n").removesuffix("\n```"))


def started(audits: Served, **parameters: object) -> UUID:
    with audits.client() as client:
        deployment = client.read_deployment_by_name("fleet-audit/fleet-audit")
        return client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id


def verdicts(fleet: Fleet) -> dict[str, Verdict]:
    return {row.target: row.verdict for row in fleet.rows}


def test_one_bad_host_and_one_bad_file_sink_no_other_target(audits: Served) -> None:
    ended = audits.cli("fleet", "--json")
    assert ended.returncode == Verdict.BROKEN.exit_code, ended.stderr
    fleet = Fleet.model_validate_json(ended.stdout)
    assert verdicts(fleet) == {
        **dict.fromkeys(SAME, Verdict.BROKEN),  # the newest git tag was never published
        LOST: Verdict.UNKNOWN,
        MALFORMED: Verdict.UNKNOWN,
    }
    assert f"{LOST}: Unknown" in ended.stderr
    assert "preflight" not in ended.stderr
    rows = {row.target: row for row in fleet.rows}
    assert "malformed TOML" in rows[MALFORMED].told
    assert [cause.value for cause in rows[LOST].causes] == ["ssh_unreachable"]
    assert rows["api"].sign(Link.PULL) == NOT_RUN
    report = json.loads(audits.cli("report", "web", "--json").stdout)
    assert (report["target"], report["run"]) == ("web", rows["web"].run)


@pytest.mark.long
def test_one_credential_is_asked_for_once_and_only_what_was_blocked_is_audited_again(audits: Served, lab: Lab) -> None:
    lab.store_credential(lab.tokens.gh_oauth)
    run = started(audits, mode="pull", wait_hours=1)
    first = audits.settled(run)
    assert first.name == "Suspended"
    before = fleet_of(audits, run)
    assert {row.target for row in before.rows if row.verdict is Verdict.BLOCKED} == set(SAME)
    form = audits.form(run).replace("\\", "")
    assert "is refused on 3 of the targets" in form
    assert f"ghcr-audit resume {run} --user lab" in form
    assert all(f"`{name}`" in form for name in SAME)

    with temporary_settings({PREFECT_API_URL: audits.stack.api_url}):
        SecretBlock(value=lab.tokens.no_access).save("once-wrong", overwrite=True)
    assert audits.answer(run, "once-wrong", answered_by="First Reader") == "ACCEPT"
    second = audits.settled(run, after=first)
    assert second.name == "Suspended"
    assert "Credential 1 was not accepted" in audits.form(run)
    sealed = audits.cli("resume", str(run), "--user", "lab", "--by", "Second Reader", stdin=f"{lab.tokens.good}\n")
    assert sealed.returncode == 0, sealed.stderr
    final = audits.settled(run, after=second)
    after = fleet_of(audits, run)
    assert final.name == after.verdict.value
    assert {row.target for row in after.rows if row.verdict is Verdict.BLOCKED} == set()
    assert [(one.accepted, one.answered_by, one.way) for one in after.attempts] == [
        (False, "First Reader", "secret block once-wrong"),
        (True, "Second Reader", "sealed"),
    ]
    assert after.waited_s > 0
    untouched = {row.target: row for row in before.rows if row.target not in SAME}
    assert {row.target: row for row in after.rows if row.target not in SAME} == untouched
    assert all(row.sign(Link.AUTH) != BROKEN for row in after.rows if row.target in SAME)
    assert after.mode is FleetMode.PULL
    for token in (lab.tokens.good, lab.tokens.no_access, lab.tokens.gh_oauth):
        assert leaks(token, audits.folder) == []
    assert not known_block(audits, "once-wrong")


def known_block(audits: Served, name: str) -> bool:
    with temporary_settings({PREFECT_API_URL: audits.stack.api_url}):
        try:
            SecretBlock.load(name)
        except ValueError:
            return False
    return True


@pytest.mark.long
def test_a_fleet_that_only_looks_waits_for_nobody(audits: Served, lab: Lab) -> None:
    lab.store_credential(lab.tokens.gh_oauth)
    began = time.monotonic()
    state = audits.settled(started(audits, mode="observe", targets=["observer"]))
    assert (state.name, state.message) == ("Blocked", "1 target: 1 Blocked (observer)")
    assert time.monotonic() - began < 90
