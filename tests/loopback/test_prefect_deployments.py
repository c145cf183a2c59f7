"""prefect.yaml, without a server: every entrypoint loads, and whatever a clock or an event asks for is allowed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger
from prefect.events.schemas.events import ResourceSpecification
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import ValidationError, validate

from deployments.automations import notices
from deployments.stack import CHECKOUT, POOL
from flows.drill_round import AUDIT_DEPLOYMENT
from flows.other_runs import DRILL_TAG
from flows.watch import RECOVER_DEPLOYMENT
from ghcr_audit import __version__
from ghcr_audit.release_event import RELEASE_EVENT, RESOURCE_PREFIX
from ghcr_audit.targets import read_target
from ghcr_audit.verdicts import Verdict

pytestmark = pytest.mark.loopback

Entry = dict[str, Any]
DEPLOYMENTS: list[Entry] = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
BY_NAME = {entry["name"]: entry for entry in DEPLOYMENTS}
PREFECTS_OWN = {"Failed", "Crashed", "Cancelled", "TimedOut"}
TARGETS = ("shop", "web")


@pytest.fixture(autouse=True)
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in TARGETS:
        text = 'image = "ghcr.io/acme/observer"\nregistry_user = "lab"\ncontainer = "observer"\n'
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("GHCR_AUDIT_TARGETS", str(tmp_path))
    monkeypatch.chdir(CHECKOUT)
    yield tmp_path


def flow_of(entry: Entry) -> Flow[..., Any]:
    return load_flow_from_entrypoint(entry["entrypoint"])


def schema_of(entry: Entry) -> dict[str, Any]:
    return parameter_schema(flow_of(entry)).model_dump_for_openapi()


def triggers(entry: Entry) -> list[DeploymentEventTrigger]:
    return [DeploymentEventTrigger.model_validate(one) for one in entry.get("triggers", ())]


def by_clock(entry: Entry) -> list[dict[str, Any]]:
    """The parameters of each schedule's runs."""
    own = entry.get("parameters", {})
    return [{**own, **schedule.get("parameters", {})} for schedule in entry.get("schedules", ())]


def by_event(entry: Entry, payload: dict[str, str]) -> list[dict[str, Any]]:
    """The parameters of each trigger's runs, where the event has this payload."""
    found = []
    for trigger in triggers(entry):
        asked = {name: payload[str(text)[17:-3]] for name, text in (trigger.parameters or {}).items()}
        found.append({**entry.get("parameters", {}), **asked})
    return found


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=BY_NAME)
def test_every_entrypoint_loads_and_every_parameter_set_is_allowed_for_every_target(entry: Entry) -> None:
    flow, schema = flow_of(entry), schema_of(entry)
    validate(entry.get("parameters", {}), schema, raise_on_error=True, ignore_required=True)
    for target in TARGETS:
        for parameters in (*by_clock(entry), *by_event(entry, {"target": target, "tag": "20260120-174230"})):
            validate(parameters, schema, raise_on_error=True)
            flow.validate_parameters(parameters)


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=BY_NAME)
def test_every_deployment_has_tags_version_pool_and_an_enforced_schema(entry: Entry) -> None:
    assert "ghcr-audit" in entry["tags"]
    assert entry["version"] == __version__
    assert entry["work_pool"]["name"] == POOL
    assert entry["enforce_parameter_schema"] is True
    assert entry["description"].endswith(".")


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=BY_NAME)
def test_every_schedule_has_a_cron_a_time_zone_and_a_slug(entry: Entry) -> None:
    for schedule in entry.get("schedules", ()):
        clock = CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])  # refuses what is neither
        assert (clock.timezone, bool(schedule["slug"])) == (schedule["timezone"], True)


def test_the_form_of_a_target_is_a_choice_of_the_target_files(targets: Path) -> None:
    assert schema_of(BY_NAME["release-audit"])["properties"]["target"]["enum"] == list(TARGETS)
    several = schema_of(BY_NAME["fleet-audit"])["properties"]["targets"]["anyOf"][0]["items"]
    assert several["enum"] == list(TARGETS)
    with pytest.raises(ValidationError, match="'elsewhere' is not one of"):
        validate({"target": "elsewhere"}, schema_of(BY_NAME["release-audit"]), raise_on_error=True)
    for path in targets.glob("*.toml"):
        path.unlink()
    assert "enum" not in schema_of(BY_NAME["release-audit"])["properties"]["target"]


def test_every_parameter_of_a_form_is_described() -> None:
    for entry in DEPLOYMENTS:
        for name, shape in schema_of(entry)["properties"].items():
            assert shape.get("description"), (entry["name"], name)


def test_neither_event_nor_clock_raises_a_mode_or_names_a_host() -> None:
    for entry in DEPLOYMENTS:
        for trigger in triggers(entry):
            assert set(trigger.parameters or {}) <= {"target", "tag"}, entry["name"]
            assert trigger.job_variables is None
        modes = {parameters.get("mode") for parameters in by_clock(entry)}
        assert modes <= {None, "observe", "pull"}, entry["name"]


def test_what_interrupts_services_or_logs_in_is_shipped_without_a_running_clock() -> None:
    clocks = {(one["name"], clock["slug"]) for one in DEPLOYMENTS for clock in one.get("schedules", ())
              if clock.get("active", True)}  # fmt: skip
    assert clocks == {("nightly-observe", "nightly"), ("recover", "every-ten-minutes")}
    assert BY_NAME["nightly-observe"]["parameters"] == {"mode": "observe", "wait_hours": 0}


def test_a_run_that_may_be_suspended_queues_and_nothing_holds_up_recover() -> None:
    for name in ("release-audit", "post-release-audit", "fleet-audit"):
        assert BY_NAME[name]["concurrency_limit"]["collision_strategy"] == "ENQUEUE"
    assert BY_NAME["nightly-observe"]["concurrency_limit"]["collision_strategy"] == "CANCEL_NEW"
    assert BY_NAME["quarterly-drill"]["concurrency_limit"] == BY_NAME["nightly-observe"]["concurrency_limit"]
    assert "concurrency_limit" not in BY_NAME["recover"]


def test_the_release_trigger_hears_the_event_that_the_command_emits() -> None:
    (trigger,) = triggers(BY_NAME["post-release-audit"])
    assert trigger.expect == {RELEASE_EVENT}
    match = ResourceSpecification.model_validate(trigger.match)
    assert match.root["prefect.resource.id"] == f"{RESOURCE_PREFIX}*"


def test_recover_hears_of_every_end_after_which_a_drill_may_be_open() -> None:
    (trigger,) = triggers(BY_NAME["recover"])
    assert trigger.expect == {f"prefect.flow-run.{name}" for name in (*PREFECTS_OWN, Verdict.RESTORE_FAILED.value)}
    assert trigger.match_related.root["prefect.resource.id"] == f"prefect.tag.{DRILL_TAG}"  # type: ignore[union-attr]


def test_names_that_the_code_uses_are_deployments() -> None:
    names = {f"{flow_of(entry).name}/{entry['name']}" for entry in DEPLOYMENTS}
    assert {AUDIT_DEPLOYMENT, RECOVER_DEPLOYMENT} <= names


def test_a_person_is_told_of_every_state_that_needs_one() -> None:
    (needed,) = (one for one in notices() if one.name == "ghcr-audit needs a person")
    ours = {verdict.value for verdict in Verdict if not verdict.passed}
    assert needed.trigger.expect == {
        f"prefect.flow-run.{name}" for name in ours | PREFECTS_OWN | {"Suspended", "Paused"}
    }


def test_every_target_file_of_this_checkout_is_a_target() -> None:
    for path in (CHECKOUT / "deployments" / "targets").glob("*.toml"):
        assert read_target(path).name == path.stem
