"""Past runs: what a report tells of them, which of them may be relied on, how they are listed and drawn."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ghcr_audit.adapters.past_bundles import BundleFolder
from ghcr_audit.bundle.archive import archived
from ghcr_audit.bundle.content import Member
from ghcr_audit.bundle.reading import opened
from ghcr_audit.bundle.verified import Verification
from ghcr_audit.causes import Cause
from ghcr_audit.cli.main import main
from ghcr_audit.cli.past_runs import checked_bundle
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.history.kept import Trust, listed
from ghcr_audit.history.past import past_of
from ghcr_audit.history.words import history_text
from ghcr_audit.pictures.history import RUNS_SHOWN, draw_history, history_line
from ghcr_audit.report.html import policy, render_html
from ghcr_audit.verdicts import Verdict
from tests.pure import audits, ledgers
from tests.pure.drill_audits import TARGET
from tests.pure.drill_audits import drilled as drilled_audit
from tests.pure.past_runs import drilled, hostile_report, kept, past
from tests.pure.report_example import blocked_report, drilled_report

pytestmark = pytest.mark.pure

HEALTHY, NEWER = "healthy-pulled", "newer-release-pulled"
RUNS = ("aaaa1111-0000-4000-8000-000000000001", "aaaa2222-0000-4000-8000-000000000002", "bbbb0000-lab")


def bundle(case: str, run: str, **target: str) -> bytes:
    """The bundle of a recorded audit as this run of another target's name, if one is given."""
    audit = ledgers.audit_of(case)
    audit = audit.model_copy(update={"run": run, "target": audit.target.model_copy(update=target)})
    ledger, bundles = ledgers.new_ledger(run), ledgers.MemoryBundles()
    ledgers.walked(ledger, audit)
    ledgers.sealed_in(ledger, audit, bundles)
    return bundles.content


@pytest.fixture(scope="module")
def kept_bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bundles of one target, one of another, one that was altered, one file that is none."""
    folder = tmp_path_factory.mktemp("bundles")
    stored = {
        f"evidence-{RUNS[0]}": bundle(HEALTHY, RUNS[0]),
        f"evidence-{RUNS[1]}": bundle(NEWER, RUNS[1]),
        f"evidence-{RUNS[2]}": bundle(HEALTHY, RUNS[2], name="other"),
        "evidence-cccc": altered(bundle(HEALTHY, "cccc-lab")),
        "notes": b"not gzip",
    }
    for name, content in stored.items():
        (folder / f"{name}.tar.gz").write_bytes(content)
    return folder


def altered(content: bytes) -> bytes:
    """The bundle with another verdict in its report, packed again as this program packs."""
    found = opened(content)
    members = [
        Member(name=one.name, content=(one.content or b"").replace(b'"Passed"', b'"Broken"'))
        for one in found.members.values()
    ]
    return archived(members, time_s=found.time_s)


def test_a_past_run_tells_what_its_report_saw() -> None:
    told = past(NEWER)
    assert (told.verdict, told.tag, told.mode) == (Verdict.PASSED_WITH_WARNINGS, "20260120-174230", "pull")
    assert told.served_digest != told.running_digest
    assert told.running_from == f"{told.image}:20260120-083000"
    assert (told.engine, told.credential is not None and "ghp_" in told.credential) == ("26.1.5+dfsg1", True)
    assert [one for one in told.mounts or () if "on /data" in one]


def test_what_was_not_seen_is_none_and_what_is_not_there_is_empty() -> None:
    lost, absent = past("host-unreachable"), past("container-absent")
    assert (lost.running_digest, lost.engine, lost.mounts, lost.credential, lost.files) == (None,) * 5
    assert (absent.running_digest, absent.running_from, absent.mounts) == ("", "", ())


def test_a_drill_tells_its_times_and_what_ran_before() -> None:
    told = past_of(audits.report(drilled_audit()))
    assert told.deploy_ms == 1030
    assert told.previous_digest not in (None, told.served_digest)
    assert past_of(drilled_report()).rollback_ms == 1910
    assert past_of(blocked_report()).rollback_ms is None


def test_deploy_files_are_told_by_path() -> None:
    seen = audits.answer(
        "host.deploy_files", f"file {'a' * 64} /srv/x.sh\nabsent /srv/compose.yml\njunk\n", like=audits.recorded(NEWER)
    )
    told = past_of(audits.report(audits.recorded(NEWER).seeing(seen)))
    assert [(one.path, one.state) for one in told.files or ()] == [
        ("/srv/x.sh", "a" * 64),
        ("/srv/compose.yml", "absent"),
    ]


def test_a_past_run_holds_no_output_of_a_command() -> None:
    assert "Pulling from" in audits.report(audits.recorded(NEWER)).model_dump_json()
    assert "Pulling from" not in past(NEWER).model_dump_json()


def test_a_folder_lists_a_target_newest_first_and_leaves_out_what_was_altered(kept_bundles: Path) -> None:
    listing = listed(BundleFolder(kept_bundles, checked_bundle).newest_first(TARGET.name), 10)
    assert [one.run for one in listing.pasts] == [RUNS[1], RUNS[0]]
    assert {one.trust for one in listing.runs} == {Trust.INTACT}
    assert {(one.place, one.trust) for one in listing.left_out} == {
        ("evidence-cccc.tar.gz", Trust.ALTERED),
        ("notes.tar.gz", Trust.UNREADABLE),
    }


def test_no_more_runs_are_checked_than_are_listed(kept_bundles: Path) -> None:
    checked: list[int] = []

    def counted(content: bytes) -> Verification:
        checked.append(len(content))
        return checked_bundle(content)

    folder = BundleFolder(kept_bundles, counted)
    assert len(listed(folder.newest_first(TARGET.name), 1).runs) == 1
    assert len(checked) == 1


def test_a_run_is_found_by_the_beginning_of_its_id(kept_bundles: Path) -> None:
    folder = BundleFolder(kept_bundles, checked_bundle)
    found = folder.run("bbbb0000")
    assert found is not None
    assert found.past is not None
    assert found.past.target == "other"
    assert [folder.run(name) for name in ("dddd", "aa", "../x", "*")] == [None] * 4
    with pytest.raises(ConfigurationError, match="several begin with 'aaaa'"):
        folder.run("aaaa")


def test_a_run_is_listed_once_by_its_last_report() -> None:
    waiting = drilled(1, Verdict.BLOCKED)
    listing = listed([kept(drilled(1)), kept(waiting), kept(drilled(2))], 10)
    assert [one.verdict for one in listing.pasts] == [Verdict.PASSED, Verdict.PASSED]


def test_the_table_tells_verdict_tag_mode_rollback_and_cause() -> None:
    listing = listed([kept(drilled(0, Verdict.BLOCKED, rollback_ms=None)), kept(drilled(3))], 10)
    _, blocked, passed = history_text(listing, paint=str).splitlines()
    assert re.split(r" {2,}", blocked)[:6] == ["✗", "2026-11-22 02:33", "Blocked", "20261122-093000", "drill", "–"]
    assert blocked.endswith(f"00000000  {Cause.CREDENTIAL_INVALID_OR_EXPIRED.value}")
    assert re.split(r" {2,}", passed)[0:6:5] == ["✓", "1.9 s"]


def test_what_cannot_be_relied_on_is_told_below_the_table_and_never_in_it() -> None:
    doubtful = kept(drilled(1), trust=Trust.NOT_JUDGED, told="made by version 9")
    gone = kept(None, trust=Trust.ALTERED, told="report.json: altered")
    told = history_text(listed([doubtful, gone], 10), paint=str)
    assert "00000001~" in told
    assert "~ 00000001: not judged again: made by version 9" in told
    assert "✗ evidence-x.tar.gz: altered: report.json: altered" in told


def test_nothing_foreign_reaches_the_terminal_but_its_characters() -> None:
    told = history_text(listed([kept(past_of(hostile_report()))], 10), paint=str)
    assert "\x1b" not in told


def test_the_verb_lists_bundles_and_answers_programs(kept_bundles: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", TARGET.name, "--bundles", str(kept_bundles)]) == 0
    said = capsys.readouterr()
    assert said.err == f"2 runs of {TARGET.name}, from {kept_bundles}\n"
    assert "evidence-cccc.tar.gz: altered: " in said.out
    assert main(["history", TARGET.name, "--bundles", str(kept_bundles), "--json", "--limit", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["past"]["run"] for one in told["runs"]] == [RUNS[1]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shop", "--bundles", "/absent/folder"], "bundles: /absent/folder: no such folder"),
        (["Shop", "--bundles", "."], "target: 'Shop' is no target name"),
    ],
)
def test_a_history_that_cannot_be_meant_is_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", *words]) == 2
    assert capsys.readouterr().err.startswith(f"ghcr-audit: {told}")


def test_a_target_without_a_past_is_told(
    kept_bundles: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["history", "shop", "--bundles", str(tmp_path)]) == 2
    assert "no run of 'shop' is kept in" in capsys.readouterr().err


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - ours


@pytest.mark.parametrize("narrow", [False, True])
def test_the_strip_shows_the_newest_at_the_right_with_words_and_shapes(narrow: bool) -> None:
    told = texts(
        draw_history([drilled(0, Verdict.RESTORE_FAILED), drilled(1, Verdict.UNKNOWN), drilled(2)], narrow=narrow)
    )
    words = [text for text in told if text in ("Passed", "Unknown", "Restore", "failed")]
    assert words == ["Passed", "Unknown", "Restore", "failed"]


def test_the_trend_tells_every_rollback_and_leaves_a_dash_where_there_was_none() -> None:
    runs = [drilled(0, rollback_ms=2500), drilled(1, rollback_ms=None), drilled(2, rollback_ms=900)]
    told = texts(draw_history(runs))
    assert [text for text in told if text in ("0.9 s", "–", "2.5 s")] == ["0.9 s", "2.5 s", "–"]
    assert history_line(runs) == "3 of 3 runs passed. The last rollback took 2.5 s; before it: 0.9 s."


def test_a_past_without_drills_has_no_trend() -> None:
    runs = [drilled(0, rollback_ms=None), drilled(1, rollback_ms=None)]
    assert "Rollback until healthy again" not in texts(draw_history(runs))
    assert history_line(runs).endswith("No rollback was measured.")


def test_a_rollback_of_no_time_at_all_is_drawn() -> None:
    assert "0.0 s" in texts(draw_history([drilled(0, rollback_ms=0)]))


def test_the_picture_tells_those_who_do_not_see_it_every_run() -> None:
    described = draw_history([drilled(0, Verdict.BLOCKED), drilled(1)])
    assert "2026-11-22 02:33 UTC 20261122-093000: Blocked" in described
    assert 'role="img"' in described


def test_no_more_runs_are_drawn_than_fit() -> None:
    drawn = draw_history([drilled(days) for days in range(40)])
    assert texts(drawn).count("Passed") == RUNS_SHOWN


def test_the_page_draws_a_past_only_where_there_is_one_and_loads_nothing_for_it() -> None:
    report = drilled_report()
    assert 'id="history-title"' not in render_html(report)
    page = render_html(report, past=[past_of(report), drilled(1)])
    assert page.count('id="history-title"') == 1
    assert "1 of 2 runs passed." in page
    assert policy().count("sha256-") == 2


def test_a_hostile_past_stays_text_in_the_page() -> None:
    page = render_html(drilled_report(), past=[past_of(hostile_report())])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
