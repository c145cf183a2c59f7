"""Forms by name, wishes for them, files that appear whole, and the summary for a CI job."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from ghcr_audit.cli.report_files import checked_wishes, print_is_wished, write_reports
from ghcr_audit.errors import AuditError, ConfigurationError
from ghcr_audit.evidence import Outcome
from ghcr_audit.report.forms import FORMS, Wish, parse_wish
from ghcr_audit.report.model import Report
from ghcr_audit.report.summary import LIMIT_BYTES, render_summary
from tests.pure import audits
from tests.pure.hostile_report import filled, hostile
from tests.pure.report_example import blocked_report, drilled_report

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["healthy-pulled", "credential-expired", "host-unreachable"])
def test_every_form_tells_the_verdict_and_ends_with_its_line(form: str, name: str) -> None:
    report = audits.report(audits.recorded(name))
    text = FORMS[form](report)
    assert report.verdict.value in text
    assert text.endswith("\n")


def test_the_json_form_is_the_report() -> None:
    for report in (blocked_report(), drilled_report()):
        assert Report.model_validate_json(FORMS["json"](report)) == report


@pytest.mark.parametrize(
    ("text", "form", "place"),
    [
        ("md:report.md", "md", "report.md"),
        ("html:/srv/x/report.html", "html", "/srv/x/report.html"),
        ("junit:a:b.xml", "junit", "a:b.xml"),
        ("summary:-", "summary", "-"),
        ("json: x", "json", " x"),
    ],
)
def test_a_wish_is_a_form_and_a_path(text: str, form: str, place: str) -> None:
    wish = parse_wish(text)
    assert (wish.form, wish.place, wish.on_stdout) == (form, place, place == "-")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pdf:x", r"no such form \(got 'pdf', expected one of md, html, json, junit, summary\)"),
        ("report.html", "no such form"),
        ("", "no such form"),
        ("html", "no path"),
        ("html:", "no path"),
        ("html:a\0b", "no path"),
        ("HTML:x", "no such form"),
    ],
)
def test_a_wish_that_cannot_be_meant_says_why(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as error:
        parse_wish(text)
    assert error.value.hint


@given(text=st.text(max_size=40))
def test_any_text_is_a_wish_or_one_named_error(text: str) -> None:
    try:
        assert parse_wish(text).form in FORMS
    except ConfigurationError as error:
        assert len(error.message) < 200


def test_several_forms_of_one_report_are_written_at_once(tmp_path: Path) -> None:
    wishes = checked_wishes([f"{form}:{tmp_path / form}" for form in FORMS])
    write_reports(blocked_report(), wishes)
    assert {path.name for path in tmp_path.iterdir()} == set(FORMS)
    assert all((tmp_path / form).read_text(encoding="utf-8") == FORMS[form](blocked_report()) for form in FORMS)
    assert not print_is_wished(wishes)


def test_one_form_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    wishes = checked_wishes(["summary:-"])
    write_reports(blocked_report(), wishes)
    assert print_is_wished(wishes)
    assert capsys.readouterr().out == render_summary(blocked_report())


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        (["md:-", "html:-"], "only one form can be printed"),
        (["md:{0}/missing/report.md"], "there is no folder"),
        (["md:{0}"], "is no file"),
        (["md:{0}/new/"], "there is no folder|names a folder"),
        (["md:{0}/x", "html:{0}/./x"], "two forms for one file"),
        (["md:{0}/pipe"], "is there, and is no file"),
        (["pdf:{0}/x"], "no such form"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_audit_begins(wishes: list[str], told: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ConfigurationError, match=told) as error:
        checked_wishes([wish.format(tmp_path) for wish in wishes])
    assert error.value.hint
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="everything may be written by root")
def test_a_folder_that_may_not_be_written_into_is_said_before(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError, match="cannot be written into"):
        checked_wishes([f"md:{tmp_path / 'x'}"])


def test_a_file_that_is_replaced_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    write_reports(blocked_report(), checked_wishes([f"md:{link}"]))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text(encoding="utf-8") == FORMS["md"](blocked_report())


def test_a_place_that_is_gone_keeps_no_other_report_from_being_written(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    wishes = checked_wishes([f"md:{gone / 'x.md'}", f"html:{tmp_path / 'x.html'}"])
    gone.rmdir()
    with pytest.raises(AuditError, match="could not be written: No such file"):
        write_reports(blocked_report(), wishes)
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]


def test_what_could_not_be_written_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "x.md"
    place.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuditError, match="No space left on device"):
        write_reports(blocked_report(), (Wish(form="md", place=str(place)),))
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("x.md", "old")]


def test_the_summary_reads_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert render_summary(drilled_report()) == snapshot


@pytest.mark.parametrize("name", audits.NAMES)
def test_the_summary_names_every_claim_that_does_not_hold(name: str) -> None:
    report = audits.report(audits.recorded(name))
    rows = [line for line in render_summary(report).splitlines() if line.startswith("| ")]
    opened = [claim for state in report.links for claim in state.claims if claim.outcome is not Outcome.HOLDS]
    told = sum(claim.outcome.value in row for claim in opened[:1] for row in rows)
    assert len([row for row in rows if "broken" in row or "unknown" in row]) >= len(opened)
    assert told or not opened


@settings(deadline=None, max_examples=30)
@given(text=hostile)
def test_the_summary_of_hostile_evidence_has_no_markup_of_its_own(text: str) -> None:
    parser = MarkdownIt("commonmark").enable("table")
    calm, attacked = (parser.parse(render_summary(filled(word))) for word in ("x", f"{text}x"))
    assert [(token.type, token.tag) for token in calm] == [(token.type, token.tag) for token in attacked]
    kinds = {child.type for token in attacked for child in token.children or ()}
    assert kinds <= {"text", "text_special", "code_inline", "strong_open", "strong_close"}


@pytest.mark.parametrize("text", ["x" * 1_000_000, "한" * 300_000, "<|`" * 200_000, "\n".join("x" * 90_000)])
def test_the_summary_stays_below_its_limit_and_keeps_the_verdict(text: str) -> None:
    report = filled(text)
    claim = report.links[0].claims[0]
    many = report.links[0].model_copy(update={"claims": (claim,) * 500})
    shown = render_summary(report.model_copy(update={"links": (many,)}))
    assert len(shown.encode()) <= LIMIT_BYTES
    assert ": Blocked\n" in shown
    assert "more stand in the whole report." in shown
