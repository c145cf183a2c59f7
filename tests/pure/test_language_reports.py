"""Reports in Korean: whole, in every form, and with all evidence as it was seen."""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.bundle import sealed
from ghcr_audit.bundle.content import RENDERED
from ghcr_audit.cli.report_files import checked_wishes, write_reports
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Observation
from ghcr_audit.language import Language, speaking
from ghcr_audit.report.forms import FORMS, parse_wish
from ghcr_audit.report.markdown import render_markdown
from ghcr_audit.report.model import Report
from ghcr_audit.report.tables import link_table
from ghcr_audit.report.text import WIDTH, render_text
from ghcr_audit.report.told import told_report
from tests.pure import audits, drill_audits
from tests.pure.hostile_report import FRAGMENTS, filled
from tests.pure.report_example import blocked_report, drilled_report
from tests.pure.test_report_html import Page

pytestmark = pytest.mark.pure

_ENGLISH = re.compile(r"\b(?:the|is|and|of|not|no|was|were|has|it|on|with|for|to|that|are|an?)\b")
_WORDS_OF_OTHERS = re.compile(
    r"^(?:Error response from daemon|Cannot connect to the Docker|permission denied while|sh: |no matching manifest)"
    r"|(?:Image is up to date|Downloaded newer image) for"
)
"""What docker and shells say, in the place where a claim tells what was found."""
_REGISTRYS = re.compile(
    r"(?:매니페스트|레지스트리|토큰 엔드포인트) [0-9]{3}.*|Docker의 출력: [^.]*|\([^)]*\)|종료 코드 .*"
)
"""A registry's own words, and what stands in brackets: menus' names and evidence."""
_TERMS = re.compile(r"on\.push[.a-z-]*|[A-Za-z_./-]+(?:[_./-][A-Za-z_./-]+)+|an? new")
"""Names of settings and files."""


def told(report: Report) -> Report:
    """The report in Korean."""
    with speaking(Language.KOREAN):
        return told_report(report)


def rendered(form: str, report: Report) -> str:
    """One form of it in Korean."""
    with speaking(Language.KOREAN):
        return FORMS[form](report)


def _sentences(report: Report) -> Iterator[str]:
    for state in report.links:
        yield state.not_run
        for claim in state.claims:
            yield from (claim.statement, claim.is_)
    for finding in report.findings:
        yield from (finding.subject, finding.summary, finding.remedy.text if finding.remedy else "")
    yield from (attempt.outcome for attempt in report.attempts)


@pytest.mark.parametrize("name", audits.NAMES)
def test_no_sentence_of_a_recorded_audit_stays_english(name: str) -> None:
    english = []
    for sentence in _sentences(told(audits.report(audits.recorded(name)))):
        ours = _TERMS.sub("", _REGISTRYS.sub("", sentence))
        if _ENGLISH.search(ours) and not _WORDS_OF_OTHERS.search(sentence):
            english.append(sentence)
    assert english == []


def test_no_sentence_of_a_drill_stays_english() -> None:
    sentences = _sentences(told(audits.report(drill_audits.drilled())))
    assert [text for text in sentences if _ENGLISH.search(_TERMS.sub("", _REGISTRYS.sub("", text)))] == []


def _evidence(observation: Observation) -> tuple[object, ...]:
    return (observation.key, observation.asked, observation.stdout, observation.stderr, observation.exit_code)


@pytest.mark.parametrize("name", audits.NAMES)
def test_evidence_and_judgement_are_the_same_in_every_language(name: str) -> None:
    report = audits.report(audits.recorded(name))
    korean = told(report)
    assert list(map(_evidence, korean.observations)) == list(map(_evidence, report.observations))
    assert korean.verdict is report.verdict
    assert [f.cause for f in korean.findings] == [f.cause for f in report.findings]
    commands = [f.remedy.commands for f in report.findings if f.remedy]
    assert [f.remedy.commands for f in korean.findings if f.remedy] == commands
    outcomes = [(claim.key, claim.outcome) for state in report.links for claim in state.claims]
    assert [(claim.key, claim.outcome) for state in korean.links for claim in state.claims] == outcomes


def test_what_is_told_once_is_not_told_again() -> None:
    once = told(blocked_report())
    assert told(once) == once


def test_programs_and_bundles_get_the_english_report() -> None:
    report = blocked_report()
    assert rendered("json", report) == FORMS["json"](report)
    assert Report.model_validate_json(json.dumps(json.loads(rendered("json", report)))) == report
    english = {name: sealed.rendered(report, name) for name in RENDERED}
    assert "Cause analysis" in english["report.md"].decode()
    with speaking(Language.KOREAN):
        assert {name: sealed.rendered(report, name) for name in RENDERED} == english


def test_the_forms_for_people_are_korean() -> None:
    report = audits.report(audits.recorded("incidents-5-6"))
    with speaking(Language.KOREAN):
        text = render_text(report, colour=False)
    assert "차단됨(Blocked)" in text
    assert "원인 분석" in rendered("md", report)
    assert "**원인:**" in rendered("summary", report)
    assert "<testsuites" in rendered("junit", report)
    assert "호스트의 레지스트리 자격 증명이 거부되었습니다." in rendered("junit", report)
    page = rendered("html", report)
    assert '<html lang="ko">' in page
    assert "".join(Page(page).words).count("사전 점검") > 2


def test_one_run_is_told_in_two_languages_at_once(tmp_path: Path) -> None:
    wishes = checked_wishes([f"md.{language}:{tmp_path / language}" for language in ("en", "ko")])
    with speaking(Language.KOREAN):
        write_reports(blocked_report(), wishes)
    english, korean = ((tmp_path / language).read_text(encoding="utf-8") for language in ("en", "ko"))
    assert english == render_markdown(blocked_report())
    assert korean == rendered("md", blocked_report())
    for wrong in ("md.xx:a", "md.:a", "xx.ko:a"):
        with pytest.raises(ConfigurationError, match="no such form"):
            parse_wish(wrong)


def test_names_of_cases_and_kinds_in_junit_are_the_same_in_every_language() -> None:
    report = audits.report(audits.recorded("incidents-5-6"))
    parts = re.compile(r' (?:name|type|classname|tests|failures|errors|skipped)="[^"]*"')
    assert parts.findall(rendered("junit", report)) == parts.findall(FORMS["junit"](report))


def test_lines_on_a_terminal_fit_though_letters_are_twice_as_wide() -> None:
    report = drilled_report()
    with speaking(Language.KOREAN):
        lines = render_text(report, colour=False).split("\n")
    commands = {line for f in report.findings if f.remedy for c in f.remedy.commands for line in c.split("\n")}
    wide = [sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in line) for line in lines]
    assert max(width for line, width in zip(lines, wide, strict=True) if line.strip() not in commands) <= WIDTH


def _without_spans(page: Page) -> list[object]:
    """All but code spans: words that look like links become such."""
    return [one for one in page.skeleton if one[0] != "code"]


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_hostile_words_never_become_markup_in_korean_either(fragment: str) -> None:
    calm, attacked = (Page(rendered("html", filled(text))) for text in ("x", f"{fragment}x"))
    assert _without_spans(attacked) == _without_spans(calm)


@pytest.mark.parametrize(
    "text", ["{image}", "{0}", "%s", "{told:own}", "the image is not on the host", "no answer; no answer", "runs {x}"]
)
def test_words_of_others_that_look_like_ours_change_nothing_else(text: str) -> None:
    report = filled(text)
    for form in ("md", "html", "junit", "summary"):
        rendered(form, report)
    calm, attacked = (Page(rendered("html", filled(one))) for one in ("x", text))
    assert _without_spans(attacked) == _without_spans(calm)


def test_the_tables_in_prefect_are_korean_where_the_target_says_so() -> None:
    report = audits.report(audits.recorded("incidents-5-6"))
    with speaking(Language.KOREAN):
        (row, *_) = link_table(report.links[1], report.observations)
    assert set(row) == {"검증 항목", "판정", "확인 결과", "근거"}
    assert render_markdown(report).startswith("# ghcr-audit: ")
