"""What GitHub's API told of a stored token: read from any text, and what it then proves of a refusal."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.evidence import Certainty, Finding
from ghcr_audit.token_facts import HOST_TOKEN, ApiAnswer, TokenFacts, token_facts
from tests.pure.audits import answer, recorded

pytestmark = pytest.mark.pure

HEALTHY = recorded("healthy")
SCOPES, EXPIRES = "X-OAuth-Scopes", "GitHub-Authentication-Token-Expiration"
TELLING = f"""kind ghp_
checksum right
user 200
{SCOPES} gist, read:packages
{EXPIRES} 2027-10-12 09:00:00 UTC
login octocat
package 404 - Not Found
package 403 - Resource protected by organization SAML enforcement.
sso required
"""
WORDS = st.sampled_from(
    ["kind", "ghp_", "checksum", "right", "user", "200", "401", "error", "dns_failure", SCOPES, EXPIRES, "-", "sso", ""]
)


def read(text: str) -> TokenFacts | None:
    return token_facts(answer(HOST_TOKEN, text, like=HEALTHY))


def with_token(name: str, *lines: str) -> Audit:
    """A recorded audit, with this word of GitHub's API."""
    audit = recorded(name)
    return audit.seeing(answer(HOST_TOKEN, "\n".join(lines), like=audit))


def credential(audit: Audit) -> Finding:
    """What is found of the credential, which is one thing only."""
    found = [one for one in diagnose(audit) if one.subject.startswith("credential of ")]
    assert len(found) == 1, found
    return found[0]


def test_everything_that_was_told_is_read() -> None:
    assert read(TELLING) == TokenFacts(
        kind="ghp_",
        checksum_right=True,
        user=ApiAnswer(status=200),
        package=ApiAnswer(status=403, message="Resource protected by organization SAML enforcement."),
        scopes=("gist", "read:packages"),
        expires_at=datetime(2027, 10, 12, 9, tzinfo=UTC),
        sso_required=True,
        login="octocat",
    )


@pytest.mark.parametrize(
    ("line", "scopes", "reads"),
    [
        (f"{SCOPES} -", (), False),
        (f"{SCOPES} repo", ("repo",), False),
        (f"{SCOPES} write:packages", ("write:packages",), True),
        (f"{SCOPES} <script>", None, None),
        ("", None, None),
    ],
)
def test_no_scopes_and_unknown_scopes_are_told_apart(
    line: str, scopes: tuple[str, ...] | None, reads: bool | None
) -> None:
    found = read(f"kind ghp_\nuser 200\n{line}\n")
    assert found is not None
    assert (found.scopes, found.reads_packages) == (scopes, reads)


@pytest.mark.parametrize(
    ("text", "there"),
    [("2027-10-12 11:00:00 +0200", True), ("2027-10-12T09:00:00Z", True), ("2027-13-40 09:00:00 UTC", False)],
)
def test_the_expiry_is_read_with_any_offset(text: str, there: bool) -> None:
    found = read(f"kind ghp_\n{EXPIRES} {text}\n")
    assert found is not None
    assert (found.expires_at == datetime(2027, 10, 12, 9, tzinfo=UTC)) is there


@pytest.mark.parametrize("text", ["", "not-asked other\n", "kind other\n", "kind ghp_labPartOfAToken\n"])
def test_what_is_no_github_token_says_nothing(text: str) -> None:
    assert read(text) is None


@given(st.one_of(st.text(), st.lists(st.lists(WORDS, max_size=4).map(" ".join)).map("\n".join)))
def test_any_text_is_facts_or_nothing(text: str) -> None:
    found = read(text)
    assert found is None or not (found.known and found.unknown)


@pytest.mark.parametrize(
    ("case", "lines", "cause", "certainty"),
    [
        (
            "incidents-5-6",
            ("kind gho_", "user 200", f"{SCOPES} gist, repo"),
            Cause.TOKEN_SCOPE_INSUFFICIENT,
            Certainty.PROVEN,
        ),
        ("credential-no-access", ("kind ghp_", "user 200", "sso required"), Cause.SSO_NOT_AUTHORIZED, Certainty.PROVEN),
        (
            "credential-no-access",
            ("kind ghp_", "user 200", "package 403 - the organization has an IP allow list enabled"),
            Cause.IP_ALLOW_LIST,
            Certainty.PROVEN,
        ),
        (
            "credential-no-access",
            ("kind ghp_", "user 200", f"{SCOPES} read:packages", "package 404 - Not Found"),
            Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS,
            Certainty.PROVEN,
        ),
        (
            "credential-no-access",
            ("kind ghp_", "user 200", f"{EXPIRES} 2020-01-01 00:00:00 UTC"),
            Cause.CREDENTIAL_INVALID_OR_EXPIRED,
            Certainty.PROVEN,
        ),
        (
            "credential-no-access",
            ("kind ghp_", "user 401 - Bad credentials"),
            Cause.CREDENTIAL_INVALID_OR_EXPIRED,
            Certainty.LIKELY,
        ),
        (
            "credential-expired",
            ("kind ghp_", "checksum right", "user 401 - Bad credentials"),
            Cause.CREDENTIAL_INVALID_OR_EXPIRED,
            Certainty.PROVEN,
        ),
        (
            "credential-expired",
            ("kind ghp_", "checksum wrong", "user error dns_failure"),
            Cause.CREDENTIAL_INVALID_OR_EXPIRED,
            Certainty.PROVEN,
        ),
        (
            "credential-expired",
            ("kind ghp_", "checksum right", "user 200", f"{SCOPES} read:packages"),
            Cause.CREDENTIAL_INVALID_OR_EXPIRED,
            Certainty.POSSIBLE,
        ),
        ("credential-fine-grained", ("kind github_pat_", "user 200"), Cause.TOKEN_TYPE_UNSUPPORTED, Certainty.PROVEN),
        (
            "credential-fine-grained",
            ("kind github_pat_", "user 401 - Bad credentials"),
            Cause.CREDENTIAL_INVALID_OR_EXPIRED,
            Certainty.LIKELY,
        ),
    ],
)
def test_githubs_word_proves_what_the_registry_only_denies(
    case: str, lines: tuple[str, ...], cause: Cause, certainty: Certainty
) -> None:
    found = credential(with_token(case, *lines))
    assert (found.cause, found.certainty) == (cause, certainty)
    assert HOST_TOKEN in found.evidence_for


@pytest.mark.parametrize(
    "case", ["credential-expired", "credential-no-scope", "credential-no-access", "credential-fine-grained"]
)
def test_an_api_that_is_not_reached_changes_nothing(case: str) -> None:
    alone = credential(recorded(case))
    kind = "github_pat_" if case == "credential-fine-grained" else "ghp_"
    found = credential(with_token(case, f"kind {kind}", "checksum right", "user error network_unreachable_or_timeout"))
    assert (found.cause, found.certainty) == (alone.cause, alone.certainty)


def test_scopes_and_a_wrong_checksum_are_told_in_words() -> None:
    scopes = credential(with_token("incidents-5-6", "kind gho_", "user 200", f"{SCOPES} gist, read:org, repo"))
    assert "its scopes are: gist, read:org, repo." in scopes.summary
    cut = credential(with_token("credential-expired", "kind ghp_", "checksum wrong", "user 401 - Bad credentials"))
    assert "mistyped, or cut" in cut.summary


def test_a_wrong_checksum_of_a_token_that_is_accepted_proves_nothing() -> None:
    """The form of tokens may change."""
    found = credential(with_token("credential-no-scope", "kind ghp_", "checksum wrong", "user error other"))
    assert found.cause is Cause.TOKEN_SCOPE_INSUFFICIENT


def test_the_remedy_for_single_sign_on_asks_for_no_new_token() -> None:
    remedy = credential(with_token("credential-no-access", "kind ghp_", "user 200", "sso required")).remedy
    assert remedy is not None and remedy.commands == ()
    assert "Configure SSO" in remedy.text and "Authorize for acme" in remedy.text


def test_a_credential_that_works_yields_no_finding_whatever_github_says() -> None:
    assert diagnose(with_token("healthy", "kind ghp_", "user 401 - Bad credentials", "sso required")) == ()
