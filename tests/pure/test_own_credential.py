"""The controller's own credential beside the host's: what both answers prove together, and what neither proves."""

import pytest

from ghcr_audit.audit import Audit, failed
from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.diagnosis.known_token import Why
from ghcr_audit.diagnosis.own_credential import beside
from ghcr_audit.drill.candidate import candidate
from ghcr_audit.evidence import Certainty, Finding, Link, Observation, Outcome, Vantage
from ghcr_audit.registry.views import (
    CONTROLLER,
    CONTROLLER_CREDENTIAL,
    HOST,
    HOST_ANONYMOUS,
    digest_in_registry,
    published,
)
from ghcr_audit.token_facts import HOST_TOKEN
from ghcr_audit.verdicts import Verdict
from tests.pure.audits import answer, claim, recorded, report, saying, without
from tests.pure.drill_audits import NEW, before

pytestmark = pytest.mark.pure

FILE = "~/.config/ghcr-audit/read only.token"
TAG = "20260120-083000"
OLDER = "20260119-101500"
DIGEST = "sha256:" + "c" * 64
OPEN = "challenge 401 UNAUTHORIZED authentication required\ntoken 200\n"
READS = f"{OPEN}manifest {TAG} 200 {DIGEST} application/vnd.oci.image.index.v1+json\ntags 200 complete\ntag {TAG}\n"
MISSES = f"{OPEN}manifest {TAG} 404 - MANIFEST_UNKNOWN manifest unknown\ntags 200 complete\ntag {OLDER}\n"
NO_REPOSITORY = f"{OPEN}manifest {TAG} 404 - NAME_UNKNOWN unknown\ntags 404 NAME_UNKNOWN unknown\n"
NO_REASON = f"{OPEN}manifest {TAG} 403 - DENIED denied\ntags 403 DENIED denied\n"
NO_SCOPE = recorded("incidents-5-6").newest(HOST)
UNKNOWN_TOKEN = "challenge 401 UNAUTHORIZED authentication required\ntoken 403 DENIED denied\n"
UNAUTHORIZED = "challenge 401 UNAUTHORIZED authentication required\ntoken 401 UNAUTHORIZED who\n"
ABOUT_OWN = "preflight.controller_credential"


def configured(audit: Audit) -> Audit:
    target = audit.target.model_copy(update={"controller_credential_file": FILE, "controller_user": "lab-reader"})
    return audit.model_copy(update={"target": target})


def told_own(audit: Audit, text: str) -> Audit:
    """The audit whose target names such a credential, to which the registry answered this."""
    seen = answer(CONTROLLER_CREDENTIAL, text, like=audit, exit_code=None)
    return configured(audit).seeing(seen.model_copy(update={"vantage": Vantage.CONTROLLER_CREDENTIAL}))


def unusable(audit: Audit, text: str) -> Audit:
    return configured(audit).seeing(_not_read(audit, text))


def _not_read(audit: Audit, text: str) -> Observation:
    return failed(
        CONTROLLER_CREDENTIAL,
        Link.PREFLIGHT,
        vantage=Vantage.CONTROLLER_CREDENTIAL,
        where="controller",
        asked="read",
        at=audit.started_at,
        cause=Cause.OTHER,
        text=text,
    )


def of_host(audit: Audit) -> Finding:
    return next(one for one in diagnose(audit) if one.subject.startswith("credential of "))


def of_own(audit: Audit) -> Finding | None:
    return next((one for one in diagnose(audit) if one.subject.startswith("the controller's own credential")), None)


def judged(audit: Audit, key: str) -> tuple[Outcome, str]:
    found = claim(audit, key)
    assert found is not None
    return found.outcome, found.is_


# --- the host is refused ------------------------------------------------------------------------------------------


def test_the_refusal_and_the_missing_tag_behind_it_are_named_in_one_pass() -> None:
    """Incidents 5 and 6."""
    audit = told_own(recorded("incidents-5-6"), MISSES)
    found = {finding.cause: finding for finding in diagnose(audit)}
    assert {cause: one.certainty for cause, one in found.items() if one.subject != OLDER} == {
        Cause.TOKEN_SCOPE_INSUFFICIENT: Certainty.PROVEN,
        Cause.TAG_NOT_PUBLISHED: Certainty.PROVEN,
    }
    assert {one.subject for one in diagnose(audit) if one.cause is Cause.TAG_NOT_PUBLISHED} >= {TAG}
    assert "Behind the refusal the image is missing, too" in found[Cause.TOKEN_SCOPE_INSUFFICIENT].summary
    assert CONTROLLER_CREDENTIAL in found[Cause.TOKEN_SCOPE_INSUFFICIENT].evidence_for
    assert judged(audit, "preflight.tag_published") == (Outcome.BROKEN, "the registry does not have it")
    assert judged(audit, "preflight.tags_published")[0] is Outcome.BROKEN
    assert report(audit).verdict is Verdict.BLOCKED


def test_without_that_vantage_point_the_missing_tag_stays_hidden() -> None:
    audit = recorded("incidents-5-6")
    assert judged(audit, "preflight.tag_published")[0] is Outcome.UNKNOWN
    assert claim(audit, ABOUT_OWN) is None
    assert of_own(audit) is None


def test_an_image_that_is_read_elsewhere_leaves_only_the_host_refused() -> None:
    audit = told_own(recorded("credential-expired"), READS)
    found = of_host(audit)
    assert (found.cause, found.certainty) == (Cause.CREDENTIAL_INVALID_OR_EXPIRED, Certainty.PROVEN)
    assert found.summary.endswith(
        "The controller's own credential reads this very image: it is there, and only the host is refused."
    )
    assert CONTROLLER_CREDENTIAL in found.evidence_for
    assert of_own(audit) is None
    assert judged(audit, "preflight.tag_published") == (Outcome.HOLDS, "the registry has it")
    assert judged(audit, ABOUT_OWN) == (Outcome.HOLDS, f"readable: manifest 200, {DIGEST}")
    assert report(audit).verdict is Verdict.BLOCKED, "what the controller may read, the host still may not"


def test_its_digest_is_the_registrys_word_where_the_hosts_view_is_hidden() -> None:
    audit = told_own(recorded("credential-expired"), READS)
    assert digest_in_registry(audit, TAG) == (DIGEST, (CONTROLLER_CREDENTIAL,))
    outcome, text = judged(audit, "digest.registry_equals_host")
    assert (outcome, DIGEST in text) == (Outcome.BROKEN, True)


def test_a_token_endpoint_that_serves_another_credential_is_not_at_fault() -> None:
    known = answer(HOST_TOKEN, "kind ghp_\nuser 200\nX-OAuth-Scopes read:packages", like=recorded("healthy"))
    audit = recorded("credential-expired").seeing(known)
    assert of_host(audit).certainty is Certainty.POSSIBLE
    assert of_host(told_own(audit, READS)).certainty is Certainty.LIKELY
    assert of_host(told_own(audit, UNAUTHORIZED)).certainty is Certainty.POSSIBLE


def test_refused_alike_without_a_reason_points_to_the_package() -> None:
    audit = saying(recorded("credential-no-access"), HOST, NO_REASON)
    assert (of_host(audit).cause, of_host(audit).certainty) == (Cause.TOKEN_SCOPE_INSUFFICIENT, Certainty.POSSIBLE)
    both = told_own(audit, NO_REASON)
    found = of_host(both)
    assert (found.cause, found.certainty) == (Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS, Certainty.LIKELY)
    assert found.summary.endswith("is refused alike: rather the package's access than one token.")
    assert found.remedy is not None and "Manage access" in found.remedy.text
    own = of_own(both)
    assert own is not None
    assert (own.cause, own.certainty) == (Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS, Certainty.LIKELY)


def test_refused_with_another_answer_points_to_nothing() -> None:
    audit = saying(recorded("credential-no-access"), HOST, NO_REASON)
    other = told_own(audit, NO_REASON.replace("403 - DENIED denied", "403 - DENIED no"))
    assert of_host(other) == of_host(audit)


def test_two_tokens_that_lack_the_scope_are_two_findings_and_no_matter_of_the_package() -> None:
    assert NO_SCOPE is not None
    audit = recorded("incidents-5-6")
    both = told_own(audit, NO_SCOPE.stdout)
    own = of_own(both)
    assert own is not None
    assert (own.cause, own.certainty) == (Cause.TOKEN_SCOPE_INSUFFICIENT, Certainty.PROVEN)
    assert of_host(both).summary == of_host(audit).summary


def test_two_credentials_unknown_to_the_token_endpoint_prove_neither_expired() -> None:
    both = told_own(recorded("credential-expired"), UNKNOWN_TOKEN)
    own = of_own(both)
    assert own is not None
    assert {own.certainty, of_host(both).certainty} == {Certainty.LIKELY}
    assert "both have ended, or the refusal is the package owner's" in of_host(both).summary


def test_a_401_to_both_is_said_of_each_and_nothing_is_concluded_from_it() -> None:
    audit = saying(recorded("credential-expired"), HOST, UNAUTHORIZED)
    both = told_own(audit, UNAUTHORIZED)
    own = of_own(both)
    assert own is not None
    assert (own.cause, own.certainty) == (Cause.CREDENTIAL_INVALID_OR_EXPIRED, Certainty.PROVEN)
    assert of_host(both) == of_host(audit)


def test_what_anybody_may_read_is_refused_to_both_by_their_own_credentials() -> None:
    public = saying(told_own(recorded("credential-expired"), UNKNOWN_TOKEN), HOST_ANONYMOUS, READS)
    own = of_own(public)
    assert own is not None
    assert {own.certainty, of_host(public).certainty} == {Certainty.PROVEN}
    assert "controller's own" not in of_host(public).summary
    assert CONTROLLER_CREDENTIAL not in of_host(public).evidence_for


def test_what_github_says_of_the_hosts_token_stays_proven_beside_it() -> None:
    ended = answer(HOST_TOKEN, "kind ghp_\nchecksum right\nuser 401 - Bad credentials", like=recorded("healthy"))
    found = of_host(told_own(recorded("credential-expired").seeing(ended), UNKNOWN_TOKEN))
    assert (found.certainty, "both have ended" in found.summary) == (Certainty.PROVEN, False)


# --- the credential itself ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["healthy", "credential-expired", "incidents-5-6", "never-published"])
def test_a_credential_refused_by_itself_is_named_and_changes_nothing_else(name: str) -> None:
    audit = recorded(name)
    refused = told_own(audit, UNAUTHORIZED)
    own = of_own(refused)
    assert own is not None
    assert (own.cause, own.certainty) == (Cause.CREDENTIAL_INVALID_OR_EXPIRED, Certainty.PROVEN)
    assert "It tells nothing about the host's." in own.summary
    assert own.remedy is not None and "of lab-reader with the scope read:packages" in own.remedy.text
    assert [one for one in diagnose(refused) if one != own] == list(diagnose(audit))
    assert judged(refused, ABOUT_OWN) == (Outcome.BROKEN, "refused: token endpoint 401 UNAUTHORIZED who")
    assert judged(refused, "preflight.tag_published")[0] is judged(audit, "preflight.tag_published")[0]


def test_one_refused_where_no_token_is_asked_for_is_refused_at_the_manifest() -> None:
    own = of_own(told_own(recorded("healthy"), f"challenge 401 - Basic\nmanifest {TAG} 401 UNAUTHORIZED who\n"))
    assert own is not None
    assert own.cause is Cause.CREDENTIAL_INVALID_OR_EXPIRED


@pytest.mark.parametrize("text", ["challenge 403 DENIED proxy\n", "challenge error dns_failure\n", "token 503 - x\n"])
def test_what_never_came_to_a_refusal_is_no_finding_about_it(text: str) -> None:
    audit = told_own(recorded("healthy"), text)
    assert diagnose(audit) == ()
    assert report(audit).verdict is Verdict.PASSED_WITH_WARNINGS


def test_a_healthy_chain_that_it_reads_too_passes_without_any_finding() -> None:
    host = recorded("healthy").newest(HOST)
    assert host is not None
    found = report(told_own(recorded("healthy"), host.stdout))
    assert (found.verdict, found.findings) == (Verdict.PASSED, ())


def test_one_that_was_never_asked_is_unknown_and_never_passed() -> None:
    audit = configured(recorded("healthy"))
    assert judged(audit, ABOUT_OWN) == (Outcome.UNKNOWN, "the registry was not asked with it")
    assert report(audit).verdict is Verdict.PASSED_WITH_WARNINGS


def test_a_file_that_cannot_be_used_is_named_with_the_way_out_and_the_audit_goes_on() -> None:
    text = f"{FILE}: others may read it (mode 644, expected 600)"
    audit = unusable(recorded("healthy"), f"{text}\nTake that right from them.")
    own = of_own(audit)
    assert own is not None and own.remedy is not None
    assert (own.cause, own.certainty, own.summary) == (Cause.OTHER, Certainty.PROVEN, f"{text}.")
    assert own.remedy.text == "Take that right from them."
    assert own.remedy.commands == ("chmod 600 ~/'.config/ghcr-audit/read only.token'",)
    assert judged(audit, ABOUT_OWN) == (Outcome.UNKNOWN, text)
    assert report(audit).verdict is Verdict.PASSED_WITH_WARNINGS


# --- several that disagree ----------------------------------------------------------------------------------------


def test_one_that_may_not_see_the_repository_makes_no_false_finding() -> None:
    audit = told_own(recorded("healthy"), NO_REPOSITORY)
    assert diagnose(audit) == ()
    assert judged(audit, ABOUT_OWN)[0] is Outcome.UNKNOWN
    missing = told_own(recorded("never-published"), NO_REPOSITORY)
    assert diagnose(missing) == diagnose(recorded("never-published"))


def test_behind_a_refusal_its_word_on_the_repository_counts() -> None:
    causes = {one.cause for one in diagnose(told_own(recorded("incidents-5-6"), NO_REPOSITORY))}
    assert causes == {Cause.TOKEN_SCOPE_INSUFFICIENT, Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG}


def test_the_hosts_own_word_goes_before_it_and_it_goes_before_everybodys() -> None:
    audit = told_own(recorded("healthy"), MISSES)
    assert published(audit, TAG) == (True, (HOST,))
    everybody = saying(without(audit, HOST), CONTROLLER, READS)
    assert published(everybody, TAG) == (False, (CONTROLLER_CREDENTIAL,))


def test_after_a_wait_it_has_to_be_asked_anew() -> None:
    audit = told_own(recorded("incidents-5-6"), READS).anew()
    assert published(audit, TAG) == (None, ())
    assert judged(audit, ABOUT_OWN)[0] is Outcome.UNKNOWN


def test_a_way_back_is_found_in_its_tag_list() -> None:
    audit = without(before(), HOST, CONTROLLER, "pull.latest", "before.state", "before.container", "before.image")
    assert candidate(audit) is None
    found = candidate(told_own(audit, f"{OPEN}tags 200 complete\ntag {OLDER}\ntag {NEW}\n"))
    assert found is not None
    assert (found.tag, found.proven) == (OLDER, False)


def test_nothing_is_said_of_both_where_only_one_was_asked() -> None:
    why = Why(cause=Cause.CREDENTIAL_INVALID_OR_EXPIRED, certainty=Certainty.LIKELY, text="it is over.")
    assert beside(recorded("credential-expired"), why) == ""


@pytest.mark.parametrize("text", [READS, MISSES, NO_REASON, UNKNOWN_TOKEN, UNAUTHORIZED, NO_REPOSITORY, "", "²"])
@pytest.mark.parametrize(
    "name", ["healthy", "healthy-pulled", "credential-expired", "registry-silent", "incidents-5-6"]
)
def test_losing_it_is_never_better_and_it_alone_never_makes_a_chain_pass(name: str, text: str) -> None:
    audit = told_own(recorded(name), text)
    assert report(recorded(name)).verdict.passed or not report(audit).verdict.passed
    assert report(without(audit, CONTROLLER_CREDENTIAL)).verdict is not Verdict.PASSED
