"""What each vantage point saw of the registry, and what they prove together."""

import pytest

from ghcr_audit.audit import Audit
from ghcr_audit.registry.views import (
    CONTROLLER,
    HOST,
    HOST_ANONYMOUS,
    OPERATOR,
    Access,
    answered,
    digest_in_registry,
    hidden,
    lacks,
    published,
    references,
    repository_unknown,
    view,
)
from tests.pure.audits import answer, recorded, rewritten, saying, without

pytestmark = pytest.mark.pure

TAG = "20260120-083000"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
OCI = "application/vnd.oci.image.index.v1+json"


def seen(**views: str) -> Audit:
    """An audit of TAG in which these vantage points, and no others, told this."""
    audit = recorded("healthy").anew()
    keys = {"host": HOST, "anonymous": HOST_ANONYMOUS, "controller": CONTROLLER, "operator": OPERATOR}
    return audit.seeing(*(answer(keys[name], text, like=audit) for name, text in views.items()))


def serves(digest: str, tag: str = TAG) -> str:
    return f"challenge 401\ntoken 200\nmanifest {tag} 200 {digest} {OCI}\ntags 200 complete\ntag {tag}\n"


@pytest.mark.parametrize(
    ("text", "access", "told"),
    [
        (serves(A), Access.READABLE, f"manifest 200, {A}"),
        ("token 200\nmanifest 20260120-083000 403 - DENIED nope\n", Access.REFUSED, "manifest 403 DENIED nope"),
        ("token 200\nmanifest 20260120-083000 401 - - x\n", Access.REFUSED, "manifest 401  x"),
        ("token 403 DENIED denied\n", Access.REFUSED, "token endpoint 403 DENIED denied"),
        ("token 401 UNAUTHORIZED who\n", Access.REFUSED, "token endpoint 401 UNAUTHORIZED who"),
        (
            "token 200\nmanifest 20260120-083000 404 - MANIFEST_UNKNOWN x\n",
            Access.ABSENT,
            "manifest 404 MANIFEST_UNKNOWN x",
        ),
        ("token 200\nmanifest 20260120-083000 404 - - x\n", Access.UNKNOWN, "manifest 404  x"),
        (
            "token 200\nmanifest 20260120-083000 429 - TOOMANYREQUESTS x\n",
            Access.UNKNOWN,
            "manifest 429 TOOMANYREQUESTS x",
        ),
        ("token 200\nmanifest 20260120-083000 error dns_failure\n", Access.UNKNOWN, "no answer (dns_failure)"),
        ("token 500 - x\n", Access.UNKNOWN, "token endpoint 500  x"),
        ("challenge 503 UNAVAILABLE x\n", Access.UNKNOWN, "registry 503 UNAVAILABLE x"),
        ("challenge error dns_failure\n", Access.UNKNOWN, "no answer (dns_failure)"),
        (
            "challenge 401\ntoken - refused-realm\n",
            Access.UNKNOWN,
            "the registry names a foreign token host: nothing was sent",
        ),
        ("", Access.UNKNOWN, "no answer"),
        ("nonsense\n", Access.UNKNOWN, "no answer"),
    ],
)
def test_an_answer_is_one_of_four(text: str, access: Access, told: str) -> None:
    found = answered(view(seen(host=text), HOST), TAG)
    assert (found.access, found.told.replace("  ", " ")) == (access, told.replace("  ", " "))


def test_who_was_not_asked_knows_nothing() -> None:
    assert answered(None, TAG).told == "not asked"
    assert view(recorded("healthy").anew(), HOST) is None


def test_a_probe_that_failed_or_lacked_something_is_no_view() -> None:
    for text in ("lacks curl", "lacks credential\n"):
        audit = seen(host=text)
        assert view(audit, HOST) is None
        assert lacks(audit, HOST) == text.split()[1]
    assert view(saying(seen(host=serves(A)), HOST, serves(A), exit_code=1), HOST) is None
    assert lacks(seen(host=serves(A)), HOST) == ""


def test_a_cut_tag_list_proves_no_absence() -> None:
    audit = rewritten(seen(host=serves(A)), HOST, lambda _: {"cut": True})
    assert published(audit, "20250101-000000") == (None, (HOST,))


def test_the_hosts_word_goes_first_and_the_next_one_that_can_tell_follows() -> None:
    audit = seen(host=serves(A), operator=serves(B), controller=serves(B))
    assert digest_in_registry(audit, TAG) == (A, (HOST,))
    assert digest_in_registry(without(audit, HOST), TAG) == (B, (OPERATOR,))
    refused = seen(host="token 403 DENIED denied\n", anonymous=serves(B))
    assert digest_in_registry(refused, TAG) == (B, (HOST_ANONYMOUS,))
    assert published(refused, TAG) == (True, (HOST_ANONYMOUS,))
    assert published(refused, "20250101-000000") == (False, (HOST_ANONYMOUS,))


def test_where_nobody_can_tell_all_who_were_asked_are_named() -> None:
    audit = seen(host="token 403 DENIED denied\n", controller="token 401 UNAUTHORIZED x\n")
    assert published(audit, TAG) == (None, (HOST, CONTROLLER))
    assert digest_in_registry(audit, TAG) == (None, (HOST, CONTROLLER))


def test_a_pull_shows_what_is_there_but_not_what_is_missing() -> None:
    audit = seen(host="token 403 DENIED denied\n")
    pulled = audit.seeing(answer("pull.tag", f"Digest: {A}\n", like=audit))
    assert published(pulled, TAG) == (True, ("pull.tag",))
    assert digest_in_registry(pulled, TAG) == (A, ("pull.tag",))
    assert published(pulled, "20250101-000000")[0] is None
    failed = audit.seeing(answer("pull.tag", "", like=audit, exit_code=1, stderr="manifest unknown"))
    assert published(failed, TAG)[0] is None


def test_an_unknown_repository_is_told_apart_from_a_missing_tag() -> None:
    gone = "token 200\nmanifest 20260120-083000 404 - NAME_UNKNOWN x\ntags 404 NAME_UNKNOWN x\n"
    assert repository_unknown(seen(host=gone, controller="token 401 - x\n")) == (HOST,)
    assert repository_unknown(seen(host="token 200\ntags 404 NAME_UNKNOWN x\n")) == (HOST,)
    assert repository_unknown(seen(host="token 200\nmanifest 20260120-083000 404 - MANIFEST_UNKNOWN x\n")) == ()


def test_a_refusal_hides_and_an_outage_does_not() -> None:
    assert hidden(seen(host="token 403 DENIED denied\n"))
    assert not hidden(seen(host="challenge error dns_failure\n"))
    assert not hidden(seen())


def test_every_reference_that_somebody_asked_about_is_known_once() -> None:
    assert references(seen(host=serves(A) + serves(B, "latest"), controller=serves(A))) == (TAG, "latest")


def test_the_four_vantage_points_of_the_recorded_incident_differ() -> None:
    audit = recorded("incidents-5-6-public")
    accesses = {key: answered(view(audit, key), audit.tag).access for key in (HOST, HOST_ANONYMOUS, CONTROLLER)}
    assert accesses == {HOST: Access.REFUSED, HOST_ANONYMOUS: Access.ABSENT, CONTROLLER: Access.ABSENT}
