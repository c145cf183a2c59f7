"""Where a drill would roll back to, and why there; words of hosts and registries never become anything but tags."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.audit import Audit
from ghcr_audit.drill.candidate import Candidate, candidate
from ghcr_audit.images import is_tag
from tests.pure.audits import saying, without
from tests.pure.drill_audits import NAME, NEW, NEW_DIGEST, OLD, OLD_DIGEST, before, container, image, seen

pytestmark = pytest.mark.pure

OLDER = "20260119-101500"
STATE = "before.state"
SOURCES = {
    "operator": "named by the operator",
    "ran": "it ran before, healthy",
    "sick": "it ran before, though not healthy",
    "audit": "an earlier audit saw it healthy",
    "host": "the host notes it as its last good release",
    "older": "the newest older release that is published",
}


def chosen(tag: str, source: str, *, proven: bool = True) -> Candidate:
    return Candidate(tag=tag, source=SOURCES[source], proven=proven)


def running_sick(audit: Audit) -> Audit:
    return saying(audit, "before.container", container(OLD, health="unhealthy"))


def running_new(audit: Audit) -> Audit:
    audit = saying(audit, "before.image", image(NEW_DIGEST))
    return saying(audit, "before.container", container(NEW))


def test_what_the_operator_names_goes_first() -> None:
    assert candidate(before(rollback_to=OLDER)) == chosen(OLDER, "operator")


@pytest.mark.parametrize("tag", [NEW, "latest", "-x", "a b", ""])
def test_where_the_operators_choice_cannot_be_meant_no_other_is_taken(tag: str) -> None:
    assert candidate(before(rollback_to=tag)) is None


def test_what_ran_before_and_was_healthy_goes_next() -> None:
    assert candidate(before(history=(OLDER,))) == chosen(OLD, "ran")


def test_what_ran_before_under_latest_is_known_by_its_digest() -> None:
    audit = saying(before(), "before.container", container("latest", image=OLD_DIGEST))
    assert candidate(audit) == chosen(OLD, "ran")


def test_a_release_that_an_audit_saw_healthy_goes_before_a_sick_one() -> None:
    assert candidate(running_sick(before(history=(NEW, OLDER)))) == chosen(OLDER, "audit")


def test_what_the_host_notes_is_taken_where_no_audit_knows_better() -> None:
    audit = saying(running_sick(before()), STATE, f"file last_good_tag 16 {OLDER}\nfile other 2 x\n")
    assert candidate(audit) == chosen(OLDER, "host")


def test_the_host_may_note_a_release_under_another_name() -> None:
    audit = running_new(before())
    deploy = audit.target.deploy
    assert deploy is not None
    target = audit.target.model_copy(update={"deploy": deploy.model_copy(update={"last_good_file": "state/good"})})
    audit = saying(
        audit.model_copy(update={"target": target}), STATE, f"file last_good_tag 16 {OLD}\nfile good 16 {OLDER}\n"
    )
    assert candidate(audit) == chosen(OLDER, "host")


@pytest.mark.parametrize(
    "state", ["", f"file last_good_tag 16 {NEW}\n", "odd last_good_tag\n", "file last_good_tag 1 -\n"]
)
def test_a_sick_release_is_better_than_an_older_one(state: str) -> None:
    assert candidate(saying(running_sick(before()), STATE, state)) == chosen(OLD, "sick", proven=False)


def test_the_newest_older_published_release_is_the_last_choice_and_unproven() -> None:
    audit = saying(running_new(before()), STATE, "")
    assert candidate(audit) == chosen(OLD, "older", proven=False)
    assert candidate(audit.model_copy(update={"tag": OLD})) == chosen(NEW, "ran")


def test_an_older_release_counts_by_its_name_and_only_when_it_was_published() -> None:
    audit = without(saying(running_new(before()), STATE, ""), "registry.host", "registry.controller")
    audit = audit.seeing(seen("registry.host", f"token 200\ntags 200 complete\ntag {OLDER}\ntag {NEW}\ntag zzz\n"))
    assert candidate(audit) == chosen(OLDER, "older", proven=False)


def test_where_nothing_is_known_there_is_no_way_back() -> None:
    audit = without(running_new(before()), STATE, "registry.host", "registry.controller", "pull.latest")
    assert candidate(audit) is None


@pytest.mark.parametrize("text", ["observer", "other:20260101-000000", f"{NAME}@{OLD_DIGEST}", f"{NAME}:a b", ""])
def test_an_image_of_another_name_is_no_release(text: str) -> None:
    audit = saying(before(), "before.container", container(OLD, config_image=text))
    audit = saying(saying(audit, "before.image", image("")), STATE, f"file last_good_tag 16 {OLDER}\n")
    assert candidate(audit) == chosen(OLDER, "host")


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=40), max_size=3))
def test_no_word_of_a_host_becomes_anything_but_another_releases_tag(text: str, state: str, history: list[str]) -> None:
    audit = before(history=tuple(history))
    audit = saying(
        audit, "before.container", json.dumps({"id": "x", "status": "running", "config_image": f"{NAME}:{text}"})
    )
    found = candidate(saying(audit, STATE, f"file last_good_tag 9 {state}\n"))
    assert found is None or (is_tag(found.tag) and found.tag not in (NEW, "latest"))
