"""JUnit XML: what is not proven never passes, the file is red unless the audit passed, and every parser takes it."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from syrupy.assertion import SnapshotAssertion

from ghcr_audit.evidence import Link, Outcome, Weight
from ghcr_audit.report.junit import render_junit
from ghcr_audit.report.model import LinkState, Report
from ghcr_audit.report.words import every_link
from ghcr_audit.verdicts import Verdict, judge
from tests.pure import audits
from tests.pure.hostile_report import filled, hostile
from tests.pure.report_example import blocked_report, claim, drilled_report

pytestmark = pytest.mark.pure

ENDINGS = ("failure", "error", "skipped")
SHAPE = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"properties", "testcase"},
        {"name", "time", "tests", "failures", "errors", "skipped", "timestamp", "hostname"},
    ),
    "properties": ({"property"}, set()),
    "property": (set(), {"name", "value"}),
    "testcase": (set(ENDINGS), {"name", "classname"}),
    "failure": (set(), {"type", "message"}),
    "error": (set(), {"type", "message"}),
    "skipped": (set(), {"type", "message"}),
}
"""Of each element: the children and the attributes that Jenkins' junit-10.xsd knows, as far as they are used."""


def document(report: Report) -> ET.Element:
    return ET.fromstring(render_junit(report).encode())  # noqa: S314 - our own


def ending(case: ET.Element) -> str:
    return case[0].tag if len(case) else "passed"


def endings(report: Report) -> dict[str, str]:
    return {case.attrib["name"]: ending(case) for case in document(report).iter("testcase")}


def only(outcome: Outcome, weight: Weight) -> Report:
    """A report with this one claim, and the verdict that follows."""
    found = claim("x.y", Link.AUTH, "It is so", outcome, weight=weight)
    links = (LinkState(link=Link.AUTH, claims=(found,)),)
    return blocked_report().model_copy(update={"links": links, "verdict": judge([found]), "findings": ()})


def test_the_example_reads_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert render_junit(blocked_report()) == snapshot


@pytest.mark.parametrize("report", [blocked_report(), drilled_report()], ids=["blocked", "drilled"])
def test_only_what_the_schema_knows_is_used(report: Report) -> None:
    for element in document(report).iter():
        children, attributes = SHAPE[element.tag]
        assert {child.tag for child in element} <= children
        assert set(element.attrib) <= attributes


@pytest.mark.parametrize("name", audits.NAMES)
def test_the_file_is_green_if_and_only_if_the_audit_passed(name: str) -> None:
    report = audits.report(audits.recorded(name))
    root = document(report)
    stopped = int(root.attrib["failures"]) + int(root.attrib["errors"])
    assert (stopped == 0) is report.verdict.passed


@pytest.mark.parametrize("name", audits.NAMES)
def test_counts_are_those_of_the_cases(name: str) -> None:
    root = document(audits.report(audits.recorded(name)))
    for element in (root, *root):
        cases = [ending(case) for case in element.iter("testcase")]
        counted = {"tests": len(cases), "failures": cases.count("failure"), "errors": cases.count("error")}
        assert {key: int(element.attrib[key]) for key in counted} == counted
    assert all(int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped")) for suite in root)


@pytest.mark.parametrize("weight", list(Weight))
@pytest.mark.parametrize("outcome", [Outcome.BROKEN, Outcome.UNKNOWN])
def test_what_does_not_hold_never_passes(outcome: Outcome, weight: Weight) -> None:
    told = endings(only(outcome, weight))
    expected = "failure" if outcome is Outcome.BROKEN else "error"
    assert told["x.y"] == ("skipped" if weight is Weight.ADVISORY else expected)
    assert (told["verdict"] == "passed") is (weight is Weight.ADVISORY)


def test_a_claim_that_holds_passes() -> None:
    assert endings(only(Outcome.HOLDS, Weight.REQUIRED))["x.y"] == "passed"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_verdict_is_a_case_of_its_own(verdict: Verdict) -> None:
    report = blocked_report().model_copy(update={"links": (), "verdict": verdict})
    expected = "error" if verdict is Verdict.UNKNOWN else "failure"
    assert endings(report)["verdict"] == ("passed" if verdict.passed else expected)


def test_a_link_that_was_not_run_is_skipped_and_one_without_a_reason_is_an_error() -> None:
    told = endings(blocked_report().model_copy(update={"links": (LinkState(link=Link.DIGEST),)}))
    assert (told["digest.not_run"], told["pull.not_run"]) == ("error", "skipped")


def test_every_link_is_a_suite_and_every_claim_a_case() -> None:
    report = blocked_report()
    root = document(report)
    assert [suite.attrib["name"] for suite in root] == [
        *(f"observer {link.value}" for link in Link),
        "observer verdict",
    ]
    named = {case.attrib["name"] for case in root.iter("testcase")}
    assert named >= {claim.key for state in every_link(report) for claim in state.claims}


def test_a_suite_says_what_was_audited() -> None:
    report = audits.report(audits.recorded("healthy-pulled"))
    told = {one.attrib["name"]: one.attrib["value"] for one in document(report)[0].iter("property")}
    assert told["verdict"] == report.verdict.value
    assert (told["target"], told["tag"], told["image"]) == (report.target, report.tag, report.image)
    assert told["digest"].startswith("sha256:")
    assert len(told["digest"]) == len("sha256:") + 64


def test_a_failure_shows_the_question_and_its_answer() -> None:
    (failure,) = document(blocked_report()).findall("testsuite/testcase/failure")[:1]
    assert "docker pull ghcr.io/lab/observer:20261122-093000" in (failure.text or "")
    assert "403 Forbidden" in (failure.text or "")
    assert "\x1b" not in (failure.text or "")


@settings(deadline=None)
@given(text=hostile)
def test_hostile_evidence_stays_text(text: str) -> None:
    calm, attacked = document(filled("x")), document(filled(f"{text}x"))
    assert [element.tag for element in attacked.iter()] == [element.tag for element in calm.iter()]


def test_a_case_stays_small_whatever_was_printed() -> None:
    report = blocked_report()
    seen = tuple(one.model_copy(update={"stderr": "x" * 1_000_000}) for one in report.observations)
    assert len(render_junit(report.model_copy(update={"observations": seen}))) < 40_000
