"""Text in columns: as wide as a terminal shows it. Wide characters (UAX 11: Korean, most of all) take two."""

import textwrap
import unicodedata

_SECOND = "\0"
"""Stands behind a wide character for its second column; `plain` text holds none."""


class _Wrapper(textwrap.TextWrapper):
    """Breaks no wide character in two where it has to break a word."""

    def _handle_long_word(self, reversed_chunks: list[str], cur_line: list[str], cur_len: int, width: int) -> None:
        room = width - cur_len
        cut_in_two = reversed_chunks[-1][room : room + 1] == _SECOND
        super()._handle_long_word(reversed_chunks, cur_line, cur_len, width - cut_in_two)


def columns(text: str) -> int:
    """How many columns the text takes."""
    return len(_spread(text))


def padded(text: str, width: int) -> str:
    """The text, and blanks behind it up to this width."""
    return text + " " * (width - columns(text))


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """The text in lines of at most `width` columns; the first begins with `first`, the others with `rest`."""
    wrapper = _Wrapper(width, initial_indent=_spread(first), subsequent_indent=_spread(rest), break_on_hyphens=False)
    return [line.replace(_SECOND, "") for line in wrapper.wrap(_spread(text))]


def _spread(text: str) -> str:
    if text.isascii():
        return text
    return "".join(one + _SECOND if unicodedata.east_asian_width(one) in "WF" else one for one in text)
