"""What changed from one run to another; and that what one of them did not see is never called the same."""

import json
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.cli.main import main
from ghcr_audit.evidence import Outcome
from ghcr_audit.history.changes import Comparison, Difference, Part, Relation, compare
from ghcr_audit.history.past import Past, PastClaim, PastFile, PastFinding, past_of
from ghcr_audit.history.words import comparison_text
from ghcr_audit.verdicts import Verdict
from tests.pure import ledgers
from tests.pure.past_runs import drilled, hostile_report, past

pytestmark = pytest.mark.pure

HEALTHY, NEWER = "healthy-pulled", "newer-release-pulled"
TIMES = ("deploy_ms", "rollback_ms", "deploy_downtime_ms", "rollback_downtime_ms")
WORDS = ("served_digest", "running_digest", "previous_digest", "running_from", "engine", "client", "compose")
MAY_BE_UNSEEN = (*TIMES, *WORDS, "system", "credential", "mounts", "files")


def edited(one: Past, **fields: object) -> Past:
    return one.model_copy(update=fields)


def found(comparison: Comparison, subject: str) -> Difference:
    (one,) = (one for one in comparison.differences if subject in one.subject)
    return one


def finding(evidence: tuple[str, ...] = ("host.container",)) -> PastFinding:
    return PastFinding(cause=Cause.MOUNTS_MISSING, subject="shop", certainty=Certainty.PROVEN, evidence=evidence)


def test_a_run_compared_with_itself_has_not_changed() -> None:
    comparison = compare(past(HEALTHY), past(HEALTHY))
    assert {one.relation for one in comparison.differences} == {Relation.SAME, Relation.UNKNOWN}
    assert "Nothing that both runs saw has changed." in comparison_text(comparison, paint=str)


def test_another_release_changes_tag_digest_and_the_claim_about_what_runs() -> None:
    comparison = compare(past(HEALTHY), past(NEWER))
    changed = {one.subject for one in comparison.of(Relation.CHANGED)}
    assert changed == {
        "verdict",
        "tag",
        "digest that the registry serves",
        "What runs is the audited release 20260120-174230",
    }


def test_what_one_of_the_two_did_not_see_is_unknown() -> None:
    comparison = compare(past(HEALTHY), past("host-unreachable"))
    for subject in ("digest that runs", "Docker engine", "stored credential", "mounts", "started from"):
        assert found(comparison, subject).relation is Relation.UNKNOWN


@given(missing=st.sets(st.sampled_from(MAY_BE_UNSEEN), min_size=1), later=st.booleans())
def test_with_less_seen_less_is_the_same(missing: set[str], later: bool) -> None:
    seen = {
        **dict.fromkeys(TIMES, 1000),
        **dict.fromkeys((*WORDS, "system", "credential"), "x"),
        "mounts": ("bind a on /a",),
    }
    whole = edited(drilled(0), files=(PastFile(path="/srv/x", state="absent"),), **seen)
    poorer = edited(whole, **dict.fromkeys(missing))
    same = compare(*((whole, poorer) if later else (poorer, whole))).of(Relation.SAME)
    everything = compare(whole, whole).of(Relation.SAME)
    assert len(same) == len(everything) - len(missing)
    assert set(same) <= set(everything)


def test_every_field_that_may_be_unseen_is_compared() -> None:
    optional = {name for name, field in Past.model_fields.items() if type(None) in get_args(field.annotation)}
    assert optional == {*MAY_BE_UNSEEN, "main_cause"}


def test_mounts_and_files_are_told_one_by_one() -> None:
    before = edited(
        past(HEALTHY), mounts=("bind a on /a", "bind b on /b"), files=(PastFile(path="/srv/x", state="1" * 64),)
    )
    after = edited(before, mounts=("bind b on /b", "bind c on /c"), files=(PastFile(path="/srv/x", state="absent"),))
    comparison = compare(before, after)
    told = {one.subject: one.relation for one in comparison.differences if one.part is Part.MOUNTS}
    assert told == {"bind a on /a": Relation.GONE, "bind b on /b": Relation.SAME, "bind c on /c": Relation.APPEARED}
    assert found(comparison, "/srv/x").relation is Relation.CHANGED
    assert f"/srv/x: {'1' * 12}… → absent" in comparison_text(comparison, paint=str)


def test_a_file_that_one_run_did_not_ask_for_is_unknown() -> None:
    before, after = (edited(past(HEALTHY), files=files) for files in ((), (PastFile(path="/srv/x", state="absent"),)))
    assert found(compare(before, after), "/srv/x").relation is Relation.UNKNOWN


@pytest.mark.parametrize(
    ("before", "after", "relation"),
    [
        ((), (finding(),), Relation.APPEARED),
        ((finding(),), (), Relation.GONE),
        ((finding(),), (finding(),), Relation.SAME),
    ],
)
def test_findings_appear_and_go_where_the_other_run_looked(
    before: tuple[PastFinding, ...], after: tuple[PastFinding, ...], relation: Relation
) -> None:
    comparison = compare(edited(past(HEALTHY), findings=before), edited(past(HEALTHY), findings=after))
    assert found(comparison, "mounts_missing: shop").relation is relation


@pytest.mark.parametrize("evidence", [("deployed.compose", "host.container"), ()])
def test_a_finding_is_not_gone_where_nobody_looked_again(evidence: tuple[str, ...]) -> None:
    comparison = compare(edited(past(HEALTHY), findings=(finding(evidence),)), edited(past(HEALTHY), findings=()))
    gone = found(comparison, "mounts_missing: shop")
    assert (gone.relation, gone.after) == (Relation.UNKNOWN, "could not be told")


def test_a_finding_is_not_gone_where_a_refusal_hides_it() -> None:
    before, after = past("never-published-pulled"), past("incidents-5-6")
    gone = found(compare(before, after), "tag_not_published: ")
    assert (gone.relation, gone.after) == (Relation.UNKNOWN, "could not be told")
    mended = compare(before, past("newer-release-pulled"))
    assert found(mended, "tag_not_published: ").relation is Relation.GONE


def claims(*outcomes: Outcome) -> Past:
    made = (
        PastClaim(key=f"x.{at}", statement=f"claim {at}", outcome=one, advisory=False, found="", evidence=("x.seen",))
        for at, one in enumerate(outcomes)
    )
    return edited(past(HEALTHY), claims=tuple(made))


def test_a_claim_that_neither_could_judge_is_unknown_and_one_that_got_lost_has_changed() -> None:
    before = claims(Outcome.UNKNOWN, Outcome.HOLDS, Outcome.HOLDS, Outcome.HOLDS)
    after = claims(Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.HOLDS)
    told = [one.relation for one in compare(before, after).differences if one.part is Part.CLAIMS]
    assert told == [Relation.UNKNOWN, Relation.CHANGED, Relation.SAME, Relation.UNKNOWN]
    text = comparison_text(compare(before, after), paint=str)
    assert "✓ → ? claim 1 (holds → unknown)" in text
    assert "2 of the claims" in text


def test_digests_are_shortened_only_where_that_tells_them_apart() -> None:
    before, after = f"sha256:{'a' * 64}", f"sha256:{'a' * 63}b"
    text = comparison_text(
        compare(edited(drilled(1), running_digest=before), edited(drilled(0), running_digest=after)), paint=str
    )
    assert f"digest that runs: {before} → {after}" in text


def test_nothing_foreign_reaches_the_terminal_but_its_characters() -> None:
    assert "\x1b" not in comparison_text(compare(drilled(1), past_of(hostile_report())), paint=str)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of one target: a run that passed, and one that did not, which was made later."""
    made = tmp_path_factory.mktemp("bundles")
    for days, case in enumerate((HEALTHY, "never-published-pulled")):
        run, audit = f"{case}-lab", ledgers.audit_of(case)
        audit = audit.model_copy(update={"run": run, "started_at": audit.started_at + timedelta(days=days)})
        ledger, bundles = ledgers.new_ledger(run), ledgers.MemoryBundles()
        ledgers.walked(ledger, audit)
        ledgers.sealed_in(ledger, audit, bundles)
        (made / f"evidence-{run}.tar.gz").write_bytes(bundles.content)
    return made


def test_a_target_is_compared_with_the_run_that_last_passed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "observer", "--bundles", str(folder)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("from ✓ observer 20260120-083000: Passed, mode pull, ")
    assert told[1].startswith("to   ✗ observer ")


def test_two_runs_by_the_beginning_of_their_ids_or_by_their_bundles(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_file = [str(folder / f"evidence-{case}-lab.tar.gz") for case in (HEALTHY, "never-published-pulled")]
    answers = []
    for words in (["healthy", "never-pub", "--bundles", str(folder)], by_file):
        assert main(["diff", *words, "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    assert answers[0]["before_trust"] == "intact"
    assert answers[0]["comparison"]["before"]["verdict"] == Verdict.PASSED.value


def test_an_altered_bundle_is_never_compared(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = folder / f"evidence-{HEALTHY}-lab.tar.gz"
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(good.read_bytes()[:-40] + bytes(40))
    assert main(["diff", str(good), str(bad)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("ghcr-audit: diff: bad.tar.gz: altered: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["absent", "healthy"], "diff: 'absent' is no bundle, and no run in "),
        (["shop"], "history: no run of 'shop' is kept in "),
    ],
)
def test_what_cannot_be_compared_is_told(
    words: list[str], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *words, "--bundles", str(folder)]) == 2
    assert capsys.readouterr().err.startswith(f"ghcr-audit: {told}")


def test_a_target_that_never_passed_is_told(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "evidence-never-published-pulled-lab.tar.gz"
    (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert main(["diff", "observer", "--bundles", str(tmp_path)]) == 2
    assert "no earlier run of 'observer' passed" in capsys.readouterr().err
