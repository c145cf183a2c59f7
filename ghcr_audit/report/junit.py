"""The report as JUnit XML, for what shows test results in CI: links are test suites, claims are test cases.

The dialect is the one of Jenkins' xunit plugin (junit-10.xsd), which GitLab, GitHub actions and others read, too.

- A claim that holds passes; a broken one is a failure; an unknown one an error. Unknown never counts as passed.
- An advisory claim that does not hold is *skipped*, with what was found as its message: it neither passes nor stops.
- A link that was not run has one case, skipped; one without claims and without a reason is an error.
- A last suite has the verdict itself as a case: so whatever the claims are, the file is red unless the audit passed.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum

from ghcr_audit.attestation.subject import image_digest
from ghcr_audit.evidence import Claim, Observation, Outcome, Weight, newest
from ghcr_audit.language import phrase, told_as
from ghcr_audit.pictures.spans import looked_at
from ghcr_audit.report.model import LinkState, Report
from ghcr_audit.report.told import told_report
from ghcr_audit.report.words import certainty_word, every_link, main_finding, meaning, verdict_word
from ghcr_audit.text.xml import xml_line, xml_plain
from ghcr_audit.verdicts import Verdict

_MESSAGE_CHARS = 500
_OUTPUT_CHARS = 2000
"""What a case shows of one output; the report has more."""
_LONGEST_S = 999_999_999


class _Ending(StrEnum):
    """How a test case ended; also the name of its element. A passed one has none."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test case: `kind` and `message` stand on the element of its ending, `text` inside it."""

    name: str
    ending: _Ending
    kind: str = ""
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suite:
    """One test suite, and for how long its link was looked at."""

    name: str
    cases: tuple[_Case, ...]
    took_s: float

    def count(self, ending: _Ending) -> int:
        """How many of its cases ended so."""
        return sum(case.ending is ending for case in self.cases)


def render_junit(report: Report) -> str:
    """The whole document, UTF-8, ending in a newline."""
    report = told_report(report)
    suites = [*(_link_suite(report, state) for state in every_link(report)), _verdict_suite(report)]
    name = xml_line(f"ghcr-audit {report.target} {report.tag}", _MESSAGE_CHARS)
    root = ET.Element("testsuites", {"name": name, "time": _seconds(_lasted_s(report)), **_counts(suites)})
    for suite in suites:
        root.append(_suite(report, suite))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _link_suite(report: Report, state: LinkState) -> _Suite:
    cases = tuple(_claim(report, claim) for claim in state.claims) or (_no_claims(state),)
    took_s = sum(span.length_s for span in looked_at(report, state.link))
    return _Suite(name=state.link.value, cases=cases, took_s=took_s)


def _claim(report: Report, claim: Claim) -> _Case:
    ending = _ending(claim)
    if ending is _Ending.PASSED:
        return _Case(name=claim.key, ending=ending)
    found = f": {claim.is_}" if claim.is_ else ""
    return _Case(
        name=claim.key,
        ending=ending,
        kind=f"{claim.outcome.value}, {claim.weight.value}",
        message=f"{told_as(claim.outcome.value)}: {claim.statement}{found}",
        text="\n".join(_proof(claim, report.observations)),
    )


def _ending(claim: Claim) -> _Ending:
    if claim.outcome is Outcome.HOLDS:
        return _Ending.PASSED
    if claim.weight is Weight.ADVISORY:
        return _Ending.SKIPPED
    return _Ending.FAILURE if claim.outcome is Outcome.BROKEN else _Ending.ERROR


def _proof(claim: Claim, observations: Sequence[Observation]) -> Iterator[str]:
    """What the claim leans on: questions and the ends of their answers."""
    for key in claim.evidence:
        seen = newest(observations, key)
        if seen is None:
            yield phrase("{key}: not observed", key=key)
            continue
        yield f"{key} ({told_as(seen.vantage.value)}): {xml_line(seen.asked, _MESSAGE_CHARS)}"
        said = seen.failure_text or seen.stderr or seen.stdout
        yield xml_plain(said, _OUTPUT_CHARS).strip()


def _no_claims(state: LinkState) -> _Case:
    name = f"{state.link.value}.not_run"
    if state.not_run:
        return _Case(name=name, ending=_Ending.SKIPPED, message=phrase("not run: {why}", why=state.not_run))
    unknown = phrase("unknown: no claim was judged")
    return _Case(name=name, ending=_Ending.ERROR, kind="unknown", message=unknown)


def _verdict_suite(report: Report) -> _Suite:
    ending = _Ending.ERROR if report.verdict is Verdict.UNKNOWN else _Ending.FAILURE
    found = main_finding(report)
    told = [f"{verdict_word(report.verdict)}: {meaning(report.verdict)}"]
    if found is not None:
        cause = f"{found.cause.value} ({certainty_word(found)})"
        told.append(phrase("Cause: {cause}. {summary}", cause=cause, summary=found.summary))
    remedy = found.remedy.text if found is not None and found.remedy is not None else ""
    case = _Case(
        name="verdict",
        ending=_Ending.PASSED if report.verdict.passed else ending,
        kind=report.verdict.value,
        message=" ".join(told),
        text=phrase("What to do: {remedy}", remedy=remedy) if remedy else "",
    )
    return _Suite(name="verdict", cases=(case,), took_s=0)


def _suite(report: Report, suite: _Suite) -> ET.Element:
    told = {
        "name": xml_line(f"{report.target} {suite.name}", _MESSAGE_CHARS),
        "time": _seconds(suite.took_s),
        "timestamp": report.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": xml_line(report.host, _MESSAGE_CHARS),
        "skipped": str(suite.count(_Ending.SKIPPED)),
    }
    element = ET.Element("testsuite", told | _counts([suite]))
    properties = ET.SubElement(element, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", {"name": name, "value": xml_line(value, _MESSAGE_CHARS)})
    place = xml_line(f"ghcr-audit.{report.target}.{suite.name}", _MESSAGE_CHARS)
    for case in suite.cases:
        _add_case(element, case, place)
    return element


def _add_case(suite: ET.Element, case: _Case, place: str) -> None:
    named = {"name": xml_line(case.name, _MESSAGE_CHARS), "classname": place}
    element = ET.SubElement(suite, "testcase", named)
    if case.ending is _Ending.PASSED:
        return
    told = {"message": xml_line(case.message, _MESSAGE_CHARS)} | ({"type": case.kind} if case.kind else {})
    ET.SubElement(element, case.ending.value, told).text = xml_plain(case.text, _OUTPUT_CHARS * 4) or None


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    yield "verdict", report.verdict.value
    yield "target", report.target
    yield "image", report.image
    yield "tag", report.tag
    if (digest := image_digest(report)) is not None:
        yield "digest", digest
    yield "mode", report.mode.value
    yield "run", report.run
    yield "version", report.version


def _counts(suites: Sequence[_Suite]) -> dict[str, str]:
    """The three counts that a suite and the whole have in common, as attributes."""
    return {
        "tests": str(sum(len(suite.cases) for suite in suites)),
        "failures": str(sum(suite.count(_Ending.FAILURE) for suite in suites)),
        "errors": str(sum(suite.count(_Ending.ERROR) for suite in suites)),
    }


def _lasted_s(report: Report) -> float:
    return (report.finished_at - report.started_at).total_seconds()


def _seconds(seconds: float) -> str:
    return f"{min(max(seconds, 0), _LONGEST_S):.3f}"
