"""Docker's words for a pull or a compose file that failed, where nothing else explains it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.delivery_questions import HOST_COMPOSE
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.evidence import Certainty, Finding
from tests.pure.audits import answer, recorded, saying

pytestmark = pytest.mark.pure

FULL = "write /var/lib/containerd/ingest/ref: no space left on device"
DENIED = 'Error response from daemon: Head "https://ghcr.io/v2/acme/observer/manifests/1": denied: denied'
CORRUPT = (
    'failed commit on ref "layer-sha256:aa": commit failed: unexpected commit digest sha256:bb, expected sha256:aa: '
    "failed precondition"
)


def pulling(words: str, name: str = "healthy-pulled") -> Audit:
    """The audit whose pull of the tag failed with these words."""
    return saying(recorded(name), "pull.tag", "", stderr=words, exit_code=1)


def composing(words: str) -> Audit:
    audit = recorded("healthy")
    return audit.seeing(answer(HOST_COMPOSE, "", like=audit, exit_code=1, stderr=words))


def of_words(audit: Audit) -> list[Finding]:
    return [one for one in diagnose(audit) if one.subject.startswith(("pull of ", "docker compose on "))]


@pytest.mark.parametrize(
    ("words", "cause"), [(FULL, Cause.DISK_FULL), (CORRUPT, Cause.LAYER_DOWNLOAD_CORRUPT)], ids=["full", "corrupt"]
)
def test_what_no_other_rule_sees_is_told_by_the_engine(words: str, cause: Cause) -> None:
    found = of_words(pulling(words))
    assert found[0].cause is cause
    assert found[0].certainty is not Certainty.POSSIBLE
    assert found[0].evidence_for == ("pull.tag",)
    assert words[:40] in found[0].summary


def test_a_word_against_the_registry_is_weighed_against_what_the_host_saw_of_it() -> None:
    found = of_words(pulling(DENIED))
    assert found
    assert all(one.certainty is Certainty.POSSIBLE and one.evidence_against for one in found)


@pytest.mark.parametrize("name", ["credential-expired-pulled", "never-published-pulled", "other-platform-pulled"])
def test_a_proven_cause_needs_no_second_explanation(name: str) -> None:
    assert of_words(recorded(name)) == []


def test_another_tag_that_was_never_published_explains_no_pull() -> None:
    audit = pulling(FULL, "incidents-5-6-resumed")
    assert Cause.TAG_NOT_PUBLISHED in {one.cause for one in diagnose(audit)}
    assert [one.cause for one in of_words(audit)] == [Cause.DISK_FULL]


def test_compose_that_is_not_there_is_told_by_the_line_that_says_so() -> None:
    words = "docker: unknown command: docker compose\n\nRun 'docker --help' for more information"
    found = of_words(composing(words))
    assert [one.cause for one in found] == [Cause.COMPOSE_NOT_INSTALLED]
    assert "unknown command: docker compose" in found[0].summary


def test_words_that_nobody_knows_explain_nothing() -> None:
    assert of_words(pulling("the moon is in the wrong house")) == []


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_any_words_are_survived_and_prove_nothing_against_a_registry_that_serves(words: str) -> None:
    for one in of_words(pulling(f"{words} denied: denied 403 Forbidden")):
        assert one.certainty is not Certainty.PROVEN or not one.evidence_against
        assert "\n" not in one.summary
