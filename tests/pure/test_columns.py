"""Text in columns: Korean letters take two, and everything else stays as textwrap breaks it."""

import textwrap
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.text.columns import columns, padded, wrapped

pytestmark = pytest.mark.pure
_WORDS = st.lists(st.text("ab-한글", min_size=1, max_size=30), max_size=20).map(" ".join)


def test_wide_letters_take_two_columns() -> None:
    assert columns("ab 한글") == 7
    assert padded("한글", 6) + "|" == "한글  |"
    assert padded("too long", 3) == "too long"


@given(text=_WORDS)
def test_no_line_is_wider_than_allowed_and_no_letter_is_lost(text: str) -> None:
    lines = wrapped(text, 20, first="# ", rest="  ")
    wide = [sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in line) for line in lines]
    assert all(width <= 20 for width in wide)
    assert "".join("".join(lines).split()) == "".join(f"{'#' if lines else ''} {text}".split())


@given(text=st.text("ab -", max_size=200))
def test_narrow_text_is_broken_as_textwrap_breaks_it(text: str) -> None:
    expected = textwrap.wrap(text, 20, initial_indent="# ", subsequent_indent="  ", break_on_hyphens=False)
    assert wrapped(text, 20, first="# ", rest="  ") == expected
