"""The published schema: every report validates, what is no report does not, and its text is stable."""

import argparse
import json
from typing import Protocol

import jsonschema
import pytest

from ghcr_audit.cli.schema import run
from ghcr_audit.report.forms import FORMS
from ghcr_audit.report.model import Report
from ghcr_audit.report.schema import VERSION, render_schema, report_schema
from tests.pure import audits
from tests.pure.drill_audits import drilled
from tests.pure.report_example import blocked_report, drilled_report

pytestmark = pytest.mark.pure


class Checks(Protocol):
    """What validates values against the schema."""

    def validate(self, instance: object) -> None: ...


@pytest.fixture(scope="module")
def validator() -> Checks:
    kind = jsonschema.Draft202012Validator
    kind.check_schema(report_schema())
    found: Checks = kind(report_schema(), format_checker=kind.FORMAT_CHECKER)
    return found


def values(report: Report) -> dict[str, object]:
    told: dict[str, object] = json.loads(FORMS["json"](report))
    return told


@pytest.mark.parametrize("name", audits.NAMES)
def test_every_recorded_audit_makes_a_report_that_validates(name: str, validator: Checks) -> None:
    validator.validate(values(audits.report(audits.recorded(name))))


@pytest.mark.parametrize(
    "report", [blocked_report(), drilled_report(), audits.report(drilled())], ids=["blocked", "drilled", "whole drill"]
)
def test_drills_and_refusals_validate_too(report: Report, validator: Checks) -> None:
    validator.validate(values(report))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verdict", "Fine"),
        ("schema_version", VERSION + 1),
        ("links", None),
        ("links", [{"link": "auth", "claims": [{"key": "x"}]}]),
        ("mode", "destroy"),
        ("something_else", 1),
    ],
)
def test_what_is_no_report_does_not_validate(field: str, value: object, validator: Checks) -> None:
    with pytest.raises(jsonschema.ValidationError, match=r".+"):
        validator.validate({**values(blocked_report()), field: value})


@pytest.mark.parametrize("field", ["target", "verdict", "links", "started_at", "run"])
def test_what_every_report_has_is_required(field: str, validator: Checks) -> None:
    told = values(blocked_report())
    del told[field]
    with pytest.raises(jsonschema.ValidationError, match=f"'{field}' is a required property"):
        validator.validate(told)


def test_a_report_of_before_a_field_with_a_default_existed_still_validates(validator: Checks) -> None:
    told = values(blocked_report())
    for field in ("drill", "integrity", "run_url"):
        told.pop(field, None)
    validator.validate(told)


def test_the_schema_names_its_version_and_its_dialect() -> None:
    schema = report_schema()
    assert schema["$id"] == f"urn:ghcr-audit:report:{VERSION}"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["schema_version"]["const"] == VERSION == blocked_report().schema_version


def test_a_claim_says_is_as_the_json_form_does() -> None:
    assert "is" in report_schema()["$defs"]["Claim"]["properties"]


def test_the_verb_prints_it_in_a_stable_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(argparse.Namespace()) == 0
    printed = capsys.readouterr().out
    assert printed == render_schema()
    assert json.loads(printed) == report_schema()
    assert list(json.loads(printed)) == sorted(report_schema())
