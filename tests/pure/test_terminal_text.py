"""Foreign text made plain: no escapes, no controls, nothing invisible, and nothing lost beyond that."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.text.terminal import bounded, one_line, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://127.0.0.1/\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\after", "after"),
        ("\x1b]0;never closed\nnext line", "0;never closed\nnext line"),
        ("a\x00b\x08c\x7fd\x85e", "abcde"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("10 %\r50 %\r100 %\ndone", "100 %\ndone"),
        ("100 %\r", "100 %"),
        ("user\u202etxt.exe", "user\\u{202e}txt.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u{200b}width\\u{feff}"),
        ("bad\udc80byte", "bad\\u{dc80}byte"),
        ("한국어 ✓ é", "한국어 ✓ é"),
    ],
)
def test_foreign_text_is_made_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]P\\;0m\r\n\x07\x9b\x9d\u202e\u200b"))))
def test_plain_text_is_printable_and_stays_as_it_is(text: str) -> None:
    shown = plain(text)
    assert plain(shown) == shown
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t"]
    assert not [c for c in shown if unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI")]


def test_one_line_has_no_line_ends() -> None:
    assert one_line(" a\n\tb\u2028c  d ") == "a b\\u{2028}c d"


@given(st.text(max_size=400), st.integers(min_value=0, max_value=300))
def test_bounded_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    shown, cut = bounded(text, limit)
    assert len(shown) <= limit
    assert cut == (len(text) > limit)
    assert cut or shown == text


def test_bounded_text_keeps_both_ends_and_says_how_much_is_missing() -> None:
    shown, cut = bounded("start" + "x" * 500 + "the error", 80)
    head, tail = shown.split("\n[… 460 characters cut …]\n")
    assert cut
    assert head.startswith("startx")
    assert tail.endswith("the error")
    assert len(head) + len(tail) == 514 - 460
