"""GitHub's filter patterns: its own examples, the order of patterns, and no pattern that takes long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.workflows.answers import ANY, Answer, equals
from ghcr_audit.workflows.filters import ignores, matches, selects

pytestmark = pytest.mark.pure

names = st.text(alphabet="abv0129./-", max_size=30)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("feature/*", "feature/my-branch", True),
        ("feature/*", "feature/beta-a/my-branch", False),
        ("feature/**", "feature/beta-a/my-branch", True),
        ("main", "main", True),
        ("main", "mains", False),
        ("*", "releases", True),
        ("*", "all/the/branches", False),
        ("**", "all/the/branches", True),
        ("*feature", "mona-feature", True),
        ("v2*", "v2.0", True),
        ("v[12].[0-9]+.[0-9]+", "v1.10.1", True),
        ("v[12].[0-9]+.[0-9]+", "v3.10.1", False),
        ("[0-9]+-[0-9]+", "20260120-083000", True),
        ("[0-9]+-[0-9]+", "20260120-", False),
        ("v?1", "1", True),
        ("v?1", "v1", True),
        ("v?1", "vv1", False),
        (r"v\*", "v*", True),
        (r"v\*", "v1", False),
        ("v1.0", "v1x0", False),
        ("[CB]at", "Cat", True),
        ("[0-9a-z]", "f", True),
        ("", "", True),
    ],
)
def test_a_pattern_matches_as_github_documents_it(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


@pytest.mark.parametrize("pattern", ["[abc", "+a", "?a", "[!a]b", "a" * 400])
def test_a_malformed_pattern_has_no_answer(pattern: str) -> None:
    assert matches(pattern, "a") is None
    assert selects([pattern], "a") is None
    assert ignores([pattern], "a") is None


def test_later_patterns_take_back_what_earlier_ones_took() -> None:
    assert selects(["releases/**", "!releases/**-alpha"], "releases/10-alpha") is False
    assert selects(["releases/**", "!releases/**-alpha"], "releases/10") is True
    assert selects(["releases/**", "!releases/**-alpha", "releases/9-alpha"], "releases/9-alpha") is True
    assert selects(["!main"], "other") is False


def test_an_ignoring_filter_keeps_out_what_any_pattern_matches() -> None:
    assert ignores(["main", "v*"], "v1") is True
    assert ignores(["main", "v*"], "x") is False
    assert ignores(["[x", "v*"], "v1") is True


@given(names)
def test_two_stars_match_every_name(name: str) -> None:
    assert matches("**", name) is True


@given(names)
def test_a_name_without_magic_matches_itself_alone(name: str) -> None:
    assert matches(name, name) is True
    assert matches(name, f"{name}x") is False


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_pattern_and_any_name_have_an_answer(pattern: str, name: str) -> None:
    assert matches(pattern, name) in (True, False, None)


def test_stars_and_pluses_in_a_row_take_no_time() -> None:
    began = time.monotonic()
    assert matches("*+a+**" * 40, "a" * 299) is True
    assert matches("*a+" * 90, f"{'a' * 290}b") is False
    assert time.monotonic() - began < 2


@given(st.lists(st.text(alphabet="abc:/", max_size=5), min_size=1, max_size=5), st.lists(st.text("abc:/", max_size=5)))
def test_a_text_with_unknown_parts_may_be_what_its_parts_were_filled_with(pieces: list[str], fills: list[str]) -> None:
    filled = "".join(piece + fill for piece, fill in zip(pieces, [*fills, *[""] * 5], strict=False))
    assert equals(ANY.join(pieces) + ANY, filled) is Answer.PERHAPS


@pytest.mark.parametrize(
    ("resolved", "wanted", "expected"),
    [
        ("ghcr.io/acme/observer", "ghcr.io/acme/observer", Answer.YES),
        ("ghcr.io/acme/observer", "ghcr.io/acme/other", Answer.NO),
        (f"ghcr.io/{ANY}", "ghcr.io/acme/observer", Answer.PERHAPS),
        (f"ghcr.io/acme/{ANY}-worker", "ghcr.io/acme/observer", Answer.NO),
        (f"a{ANY}a", "a", Answer.NO),
        (f"{ANY}x{ANY}y{ANY}", "yx", Answer.NO),
    ],
)
def test_a_text_with_unknown_parts_is_surely_no_other_only_where_its_known_parts_say_so(
    resolved: str, wanted: str, expected: Answer
) -> None:
    assert equals(resolved, wanted) is expected
