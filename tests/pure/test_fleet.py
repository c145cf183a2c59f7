"""A fleet on one page: every target has its row, and the worst of them is the fleet's verdict."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ghcr_audit.evidence import Attempt, Link
from ghcr_audit.fleet import Fleet, FleetMode, Row, in_words, lost_row, next_blocked, replaced, row_of
from ghcr_audit.fleet_forms import fleet_markdown, fleet_text
from ghcr_audit.report.words import BROKEN
from ghcr_audit.verdicts import Verdict
from tests.pure.report_example import blocked_report

pytestmark = pytest.mark.pure

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def row(target: str, verdict: Verdict = Verdict.PASSED, **rest: object) -> Row:
    return Row.model_validate({"target": target, "verdict": verdict, "finished_at": AT, "took_s": 1.5, **rest})


def fleet(*rows: Row, mode: FleetMode = FleetMode.OBSERVE) -> Fleet:
    return Fleet(mode=mode, rows=replaced((), rows), started_at=AT, finished_at=AT + timedelta(seconds=42))


def test_a_row_is_made_from_a_report() -> None:
    report = blocked_report()
    made = row_of(report, login="lab at ghcr.io", took_s=2.25)
    assert (made.target, made.tag, made.verdict, made.took_s) == (report.target, report.tag, Verdict.BLOCKED, 2.25)
    assert made.sign(Link.AUTH) == BROKEN
    assert set(made.causes) == {finding.cause for finding in report.findings}
    assert made.told


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_a_fleet_passes_only_when_every_target_does(verdicts: list[Verdict]) -> None:
    found = fleet(*(row(f"t{number:03}", verdict) for number, verdict in enumerate(verdicts)))
    assert found.verdict.passed == all(verdict.passed for verdict in verdicts)
    assert found.verdict in verdicts
    assert sum(count for _, count in found.totals) == len(verdicts)


def test_the_time_that_a_person_took_is_told_apart() -> None:
    asked = Attempt(number=1, outcome="accepted", accepted=True, asked_at=AT, answered_at=AT + timedelta(seconds=30))
    found = fleet(row("shop")).model_copy(update={"attempts": (asked,)})
    assert "| Took | 42.0 s, of it 30.0 s waiting for the operator |" in fleet_markdown(found)


def test_no_target_at_all_proves_nothing() -> None:
    assert fleet().verdict is Verdict.UNKNOWN


def test_a_target_that_could_not_be_audited_is_unknown_and_says_why() -> None:
    found = fleet(row("shop"), lost_row("web", "no image.", at=AT))
    assert found.verdict is Verdict.UNKNOWN
    assert "- `web` (Unknown): no image. Seen at 2026-11-22 09:30 UTC." in fleet_markdown(found)


def test_only_blocked_targets_of_one_login_are_asked_for_together() -> None:
    rows = (
        row("a", Verdict.BLOCKED, login="lab at ghcr.io"),
        row("b", Verdict.BROKEN, login="lab at ghcr.io"),
        row("c", Verdict.BLOCKED, login="lab at ghcr.io"),
        row("d", Verdict.BLOCKED, login="other at ghcr.io"),
        row("e"),
    )
    assert [one.target for one in next_blocked(rows)] == ["a", "c"]
    assert [one.target for one in next_blocked(rows, without=("a", "c"))] == ["d"]
    assert next_blocked(rows, without=("a", "c", "d")) == ()


def test_a_newer_row_takes_the_place_of_the_older_and_no_other_is_touched() -> None:
    old = (row("a", Verdict.BLOCKED), row("b", Verdict.BROKEN))
    assert [(one.target, one.verdict) for one in replaced(old, (row("a"),))] == [
        ("a", Verdict.PASSED),
        ("b", Verdict.BROKEN),
    ]


def test_the_words_name_what_did_not_pass() -> None:
    many = tuple(row(f"t{number}", Verdict.BROKEN) for number in range(7))
    assert in_words(fleet(*many, row("x"))) == "8 targets: 7 Broken (t0, t1, t2, t3, t4, and 2 more), 1 Passed"
    assert in_words(fleet(row("x"))) == "1 target: 1 Passed"


def test_the_matrix_has_a_line_for_each_target_and_shows_foreign_words_as_words() -> None:
    hostile = row("web", Verdict.BROKEN, told="<script>alert(1)</script> [x](http://evil.example) | `y`", tag="1|2")
    found = fleet(row("shop"), hostile)
    found = found.model_copy(update={"attempts": (Attempt(number=1, outcome="no | good", answered_by="A|B"),)})
    text = fleet_markdown(found)
    kinds = {child.type for token in MarkdownIt().parse(text) for child in token.children or ()}
    assert kinds & {"link_open", "image", "html_inline"} == set()
    cells = {line.count("|") for line in text.splitlines() if line.startswith("| `")}
    assert cells == {10}


def test_a_terminal_sees_one_line_for_each_target() -> None:
    lines = fleet_text(fleet(row("shop"), row("w", Verdict.UNKNOWN, told="not\x1b[31m seen"))).splitlines()
    assert lines[1] == "shop  –  –  –  –  Passed"
    assert lines[2] == "w     –  –  –  –  Unknown"
    assert lines[3] == "  w: not seen"
    assert lines[-1] == "2 targets: 1 Unknown (w), 1 Passed; 42.0 s"
