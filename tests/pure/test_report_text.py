"""The report for a terminal: its whole text for one example, its width, and that nothing foreign acts in it."""

import re

from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from ghcr_audit.evidence import Link, Outcome
from ghcr_audit.report.model import LinkState
from ghcr_audit.report.text import WIDTH, link_lines, render_brief, render_text
from ghcr_audit.verdicts import Verdict
from tests.pure.report_example import TAG, blocked_report, drill, drilled_report

OUR_COLOURS = re.compile(r"\x1b\[(?:3[123]|90)m[✓✗?!–]\x1b\[0m")


def test_the_report_reads_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert render_text(blocked_report(), colour=False) == snapshot


def test_a_report_of_a_drill_reads_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert render_text(drilled_report(), colour=False).partition("\n! preflight")[0] == snapshot


def test_colours_are_added_to_signs_and_change_nothing_else() -> None:
    coloured = render_text(blocked_report(), colour=True)
    assert OUR_COLOURS.search(coloured)
    assert OUR_COLOURS.sub(lambda match: match.group()[5:6], coloured) == render_text(blocked_report(), colour=False)


def test_a_live_link_shows_what_does_not_hold_and_counts_the_rest() -> None:
    preflight, auth, pull, *_ = blocked_report().links
    assert link_lines(preflight, colour=False) == [
        "! preflight 1 of 2 claims hold",
        "  ! unknown (advisory): Tags can be told apart by date: no repository was given",
    ]
    assert link_lines(auth, colour=True)[0] == "\x1b[31m✗\x1b[0m auth      0 of 1 claims hold"
    assert link_lines(pull, colour=False) == ["– pull      not run: the credential was refused"]
    assert link_lines(LinkState(link=Link.PULL), colour=False) == ["? pull      unknown: no claim was judged"]


@given(st.text(max_size=200))
def test_no_foreign_text_acts_on_the_terminal_or_leaves_its_width(text: str) -> None:
    report = blocked_report()
    claim = report.links[1].claims[0].model_copy(update={"statement": text, "is_": text, "outcome": Outcome.BROKEN})
    seen = report.observations[3].model_copy(update={"asked": text, "stderr": text})
    lists = {"links": (LinkState(link=Link.AUTH, claims=(claim,)),), "observations": (seen,), "host": text}
    rows = tuple(row.model_copy(update={"release": text, "status": text, "health": text}) for row in drill().rows)
    words = dict.fromkeys(("back_to", "back_to_source", "forced"), text)
    drilled = drill().model_copy(update={**words, "rows": rows, "log_paths": (text,)})
    shown = render_text(report.model_copy(update={**lists, "drill": drilled}), colour=False)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert max(map(len, shown.split("\n"))) <= WIDTH


def test_the_brief_form_tells_only_the_verdict_and_what_needs_doing() -> None:
    told = render_brief(blocked_report(), colour=False).splitlines()
    assert told[0] == f"✗ ghcr-audit: observer {TAG} - Blocked"
    assert told[1] == "do     Create a classic token with read:packages, then log in again."
    assert told[2:4] == [
        "         docker logout ghcr.io",
        "         docker login ghcr.io -u labdeploy --password-stdin",
    ]
    assert told[4:] == ["Never paste a token into a report, a chat or a command line."]


def test_the_brief_form_of_what_passed_is_one_line() -> None:
    passed = blocked_report().model_copy(update={"verdict": Verdict.PASSED, "findings": ()})
    assert render_brief(passed, colour=False) == f"✓ ghcr-audit: observer {TAG} - Passed\n"
    unknown = passed.model_copy(update={"verdict": Verdict.UNKNOWN})
    assert render_brief(unknown, colour=False).splitlines()[1].startswith("next   Make visible what could not be seen")
