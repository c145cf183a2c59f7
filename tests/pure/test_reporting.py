"""The report of an audit holds what was asked, what was seen, and what follows, in a form that survives a file."""

from datetime import timedelta

import pytest

from ghcr_audit import __version__
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Attempt, Link
from ghcr_audit.report.making import report_of
from ghcr_audit.report.markdown import render_markdown
from ghcr_audit.report.model import Report
from tests.pure.audits import NAMES, recorded, report

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("name", NAMES)
def test_a_report_survives_its_way_through_json(name: str) -> None:
    found = report(recorded(name))
    assert Report.model_validate_json(found.model_dump_json(by_alias=True)) == found


def test_a_report_holds_all_that_was_asked_and_seen() -> None:
    audit = recorded("healthy").model_copy(update={"waited_s": 7.5}).after(Attempt(number=1, outcome="wrong kind"))
    ended = audit.started_at + timedelta(seconds=3)
    found = report_of(audit, finished_at=ended, ran_by="somebody", run_url="http://127.0.0.1:4200/runs/1")
    assert (found.target, found.tag, found.host) == ("observer", audit.tag, audit.target.where)
    assert (found.image, found.mode, found.run) == (str(audit.target.image_ref), audit.mode, audit.run)
    assert (found.started_at, found.finished_at, found.waited_s) == (audit.started_at, ended, 7.5)
    assert (found.ran_by, found.run_url, found.version) == ("somebody", "http://127.0.0.1:4200/runs/1", __version__)
    assert found.attempts == audit.attempts
    assert found.observations == audit.observations


def test_every_link_is_in_the_report_in_the_chains_order() -> None:
    for name in NAMES:
        assert [state.link for state in report(recorded(name)).links] == list(Link)


def test_the_verdict_is_that_of_all_links_together() -> None:
    found = report(recorded("other-platform"))
    assert found.verdict == "Broken"
    assert all(claim.outcome == "holds" for state in found.links[:2] for claim in state.claims)


def test_what_was_refused_before_a_wait_is_told_as_history_and_is_no_finding() -> None:
    resumed = report(recorded("incidents-5-6-resumed"))
    assert Cause.TOKEN_SCOPE_INSUFFICIENT not in [finding.cause for finding in resumed.findings]
    assert "Was blocked by: `token_scope_insufficient`." in render_markdown(resumed)
