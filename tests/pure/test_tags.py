"""The order of releases is the one their names give, whatever git's dates say (incident 13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.facts import git_tags
from ghcr_audit.tags import GitTag, name_order, release_tags, ties
from tests.pure.audits import recorded

pytestmark = pytest.mark.pure

PATTERN = r"^\d{8}-\d{6}$"
stamps = st.from_regex(r"20[0-9]{6}-[0-9]{6}", fullmatch=True)


def tag(name: str, created_s: int = 0) -> GitTag:
    return GitTag(name=name, commit="0" * 40, created_s=created_s)


def names(tags: tuple[GitTag, ...]) -> list[str]:
    return [one.name for one in tags]


def test_the_recorded_repository_is_ordered_by_name_though_three_tags_tie() -> None:
    found = git_tags(recorded("healthy").newest("git.tags"))
    assert found is not None
    assert names(release_tags(reversed(found), PATTERN)) == [
        "20260105-091500",
        "20260112-140210",
        "20260119-101500",
        "20260120-083000",
        "20260120-174230",
        "20260121-070500",
    ]
    assert ties(found) == (("20260120-083000", "20260120-174230", "20260121-070500"),)
    assert len({one.commit for one in found[-3:]}) == 1


def test_only_tags_whose_whole_name_matches_are_releases() -> None:
    tags = [tag("20260101-000000"), tag("v20260101-000000"), tag("20260101-000000-rc1"), tag("latest"), tag("")]
    assert names(release_tags(tags, PATTERN)) == ["20260101-000000"]
    assert names(release_tags([tag("20260101-000000\n")], PATTERN)) == []


def test_runs_of_digits_compare_as_numbers() -> None:
    tags = [tag(name) for name in ("v1.10.0", "v1.9.0", "v1.9.0-rc2", "v2.0", "v1.9.0-rc10")]
    assert names(release_tags(tags, r"v.*")) == ["v1.9.0", "v1.9.0-rc2", "v1.9.0-rc10", "v1.10.0", "v2.0"]


def test_names_with_the_same_numbers_compare_as_text() -> None:
    assert names(release_tags([tag("b1"), tag("a1")], ".*")) == ["a1", "b1"]


def test_tags_with_dates_of_their_own_do_not_tie() -> None:
    assert ties([tag("a", 1), tag("b", 2)]) == ()
    assert ties([tag("a", 2), tag("b", 1), tag("c", 2), tag("d", 1)]) == (("b", "d"), ("a", "c"))


@given(st.lists(stamps, unique=True), st.data())
def test_timestamps_are_ordered_as_they_read_whatever_git_says(stamped: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(stamped))
    dates = data.draw(st.lists(st.integers(0, 2**33), min_size=len(stamped), max_size=len(stamped)))
    tags = [tag(name, created_s) for name, created_s in zip(shuffled, dates, strict=True)]
    assert names(release_tags(tags, PATTERN)) == sorted(stamped)


@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_names_have_one_order_and_none_is_lost(texts: list[str]) -> None:
    once = names(release_tags([tag(text) for text in texts], r"(?s:.*)"))
    again = names(release_tags([tag(text) for text in reversed(texts)], r"(?s:.*)"))
    assert once == again
    assert sorted(once) == sorted(texts)


@given(st.text(max_size=80))
def test_the_order_of_a_name_never_fails(name: str) -> None:
    assert name_order(name) <= name_order(name)


@given(st.lists(st.integers(0, 5), max_size=12))
def test_every_tie_has_at_least_two_tags_of_one_date(dates: list[int]) -> None:
    tags = [tag(str(number), created_s) for number, created_s in enumerate(dates)]
    tied = [name for group in ties(tags) for name in group]
    assert all(len(group) > 1 for group in ties(tags))
    assert sorted(tied) == sorted(str(number) for number, one in enumerate(dates) if dates.count(one) > 1)
