"""The statement says what the audit found, about the digest that was seen, and never more."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.attestation import image_digest, statement_bytes
from ghcr_audit.attestation.statement import Result, result_of, sorted_claims
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Claim, Link, Outcome, Weight
from ghcr_audit.registry.views import BY_TRUST, HOST, HOST_ANONYMOUS, digest_in_registry
from ghcr_audit.report.model import LinkState, Report
from ghcr_audit.verdicts import Verdict, judge
from tests.pure.attested import HEAD, said, statement_of
from tests.pure.audits import NAMES, recorded, report, saying, without

pytestmark = pytest.mark.pure

PASSED = report(recorded("healthy-pulled"))
PLACES = (*BY_TRUST, "pull.tag")
OTHER = f"sha256:{'0' * 64}"

made_claims = st.builds(
    Claim,
    key=st.from_regex(r"digest\.[a-z]{1,12}", fullmatch=True),
    link=st.just(Link.DIGEST),
    statement=st.just("it is so"),
    outcome=st.sampled_from(Outcome),
    weight=st.sampled_from(Weight),
)


def claiming(claims: list[Claim], verdict: Verdict) -> Report:
    links = (LinkState(link=Link.DIGEST, claims=tuple(claims)),)
    return PASSED.model_copy(update={"links": links, "verdict": verdict})


def lists(found: Report) -> list[str]:
    predicate = said(found)["predicate"]
    return [*predicate["passedTests"], *predicate["warnedTests"], *predicate["failedTests"]]


def annotations(found: Report) -> dict[str, Any]:
    return dict(said(found)["predicate"]["configuration"][0]["annotations"])


def test_a_passed_audit_is_a_statement_as_in_toto_writes_it() -> None:
    statement = said(PASSED)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["predicate"]["result"] == "PASSED"
    assert statement["predicate"]["warnedTests"] == statement["predicate"]["failedTests"] == []
    assert "digest.registry_equals_host" in statement["predicate"]["passedTests"]


def test_its_subject_is_the_image_without_tag_by_the_digest_of_the_registry() -> None:
    digest = digest_in_registry(recorded("healthy-pulled"), PASSED.tag)[0]
    assert digest is not None
    subject = {"name": PASSED.image, "digest": {"sha256": digest.removeprefix("sha256:")}}
    assert said(PASSED)["subject"] == [subject]
    assert not PASSED.image.endswith(PASSED.tag)


def test_it_binds_the_ledger_and_says_what_was_audited_and_how_far() -> None:
    audited, ledger = said(PASSED)["predicate"]["configuration"]
    assert ledger == {"name": "ghcr-audit-ledger", "digest": {"sha256": HEAD}}
    told = audited["annotations"]
    assert (told["target"], told["tag"], told["mode"], told["verdict"]) == ("observer", PASSED.tag, "pull", "Passed")
    assert told["notRun"] == ["deploy", "rollback"]


def test_it_names_no_host() -> None:
    assert PASSED.host.encode() not in statement_of(PASSED)


def test_the_run_s_address_is_told_where_there_is_one() -> None:
    shown = PASSED.model_copy(update={"run_url": "http://127.0.0.1:4200/runs/flow-run/lab"})
    assert said(shown)["predicate"]["url"] == shown.run_url
    assert "url" not in said(PASSED.model_copy(update={"run_url": ""}))["predicate"]


def test_the_same_report_gives_the_same_bytes_and_another_head_gives_others() -> None:
    assert statement_of(PASSED) == statement_of(PASSED) == statement_of(PASSED, f"sha256:{HEAD}")
    assert statement_of(PASSED) != statement_of(PASSED, "6f" * 32)


def test_it_is_canonical_json() -> None:
    text = statement_of(PASSED).decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("name", NAMES)
def test_the_digest_is_the_one_that_the_claims_were_judged_by(name: str) -> None:
    audit = recorded(name)
    assert image_digest(report(audit)) == digest_in_registry(audit, audit.tag)[0]


def test_recorded_audits_have_both_kinds() -> None:
    known = [image_digest(report(recorded(name))) is not None for name in NAMES]
    assert 20 < sum(known) < len(NAMES) - 20


def test_without_a_digest_there_is_nothing_to_speak_about() -> None:
    unseen = report(without(recorded("healthy-pulled"), *PLACES))
    assert image_digest(unseen) is None
    assert statement_bytes(unseen, ledger_head=HEAD, image_digest=None) is None


@pytest.mark.parametrize("key", [HOST, HOST_ANONYMOUS, "pull.tag"])
def test_vantage_points_that_contradict_each_other_name_no_digest(key: str) -> None:
    audit = recorded("healthy-pulled")
    assert audit.newest(key) is not None
    other = f"token 200\nmanifest {audit.tag} 200 {OTHER} application/vnd.oci.image.index.v1+json\nDigest: {OTHER}\n"
    assert image_digest(report(saying(audit, key, other))) is None


def test_what_is_no_digest_or_no_head_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ConfigurationError, match="not a digest"):
        statement_bytes(PASSED, ledger_head=HEAD, image_digest="sha256:short")
    with pytest.raises(ValueError, match="head is no SHA-256"):
        statement_bytes(PASSED, ledger_head="none yet", image_digest=OTHER)


@pytest.mark.parametrize(
    ("verdict", "result"),
    [
        (Verdict.PASSED, "PASSED"),
        (Verdict.PASSED_WITH_WARNINGS, "WARNED"),
        (Verdict.BROKEN, "FAILED"),
        (Verdict.BLOCKED, "FAILED"),
        (Verdict.UNKNOWN, "FAILED"),
        (Verdict.RESTORE_FAILED, "FAILED"),
    ],
)
def test_only_the_two_passing_verdicts_do_not_fail(verdict: Verdict, result: str) -> None:
    found = PASSED.model_copy(update={"verdict": verdict})
    assert said(found)["predicate"]["result"] == result


def test_every_verdict_is_mapped() -> None:
    results = {verdict: result_of(PASSED.model_copy(update={"verdict": verdict})) for verdict in Verdict}
    assert {verdict for verdict, result in results.items() if result is not Result.FAILED} == {
        verdict for verdict in Verdict if verdict.passed
    }


@given(st.lists(made_claims, unique_by=lambda claim: claim.key))
def test_what_is_unknown_or_broken_is_never_among_the_passed(claims: list[Claim]) -> None:
    found = claiming(claims, judge(claims))
    assert set(sorted_claims(found).passed) == {claim.key for claim in claims if claim.outcome is Outcome.HOLDS}
    assert set(sorted_claims(found).unknown) == {claim.key for claim in claims if claim.outcome is Outcome.UNKNOWN}
    assert sorted(lists(found)) == sorted(claim.key for claim in claims)


@given(st.lists(made_claims, unique_by=lambda claim: claim.key))
def test_the_result_follows_from_the_claims_as_the_verdict_does(claims: list[Claim]) -> None:
    verdict = judge(claims)
    expected = {Verdict.PASSED: Result.PASSED, Verdict.PASSED_WITH_WARNINGS: Result.WARNED}.get(verdict, Result.FAILED)
    assert result_of(claiming(claims, verdict)) is expected


@given(st.lists(made_claims, unique_by=lambda claim: claim.key))
def test_a_verdict_that_its_claims_do_not_carry_is_not_believed(claims: list[Claim]) -> None:
    if judge(claims) is not Verdict.PASSED:
        assert result_of(claiming(claims, Verdict.PASSED)) is not Result.PASSED


def test_an_advisory_unknown_warns_and_a_required_one_fails_and_both_are_named_unknown() -> None:
    claims = [
        Claim(key=f"digest.{weight}", link=Link.DIGEST, statement="", outcome=Outcome.UNKNOWN, weight=weight)
        for weight in Weight
    ]
    found = claiming(claims, judge(claims))
    assert sorted_claims(found).warned == ("digest.advisory",)
    assert sorted_claims(found).failed == ("digest.required", "digest.gate", "digest.restore")
    assert annotations(found)["unknown"] == [claim.key for claim in claims]


def test_every_key_says_its_link_and_stands_once() -> None:
    keys = lists(PASSED)
    assert len(set(keys)) == len(keys) > 15
    assert all(re.fullmatch(r"(preflight|auth|pull|digest|deploy|rollback)\.\w+", key) for key in keys)


def test_an_audit_that_attests_nothing_does_not_pay_for_the_libraries() -> None:
    program = (
        "import sys, ghcr_audit.attestation, ghcr_audit.adapters.signing\n"
        "print([name for name in ('securesystemslib', 'google.protobuf', 'in_toto_attestation', 'cryptography',"
        " 'rfc8785') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
