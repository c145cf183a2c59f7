"""Foreign text inside XML and HTML: printable, bounded, escaped, and nothing a parser refuses.

XML 1.0 (section 2.2) has no place for most control characters, lone surrogates, U+FFFE and U+FFFF, escaped or not.
`plain` takes the first away and names the second; what is left of the rest becomes U+FFFD.
"""

import html
import re
import unicodedata

from ghcr_audit.text.terminal import bounded, one_line, plain

_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDE = ("W", "F")


def allowed(text: str) -> str:
    """The text with U+FFFD where a parser of XML or HTML would refuse a character."""
    return _REFUSED.sub("�", text)


def xml_plain(text: str, limit_chars: int) -> str:
    """The text, line by line, at most `limit_chars` of it; not escaped: for a serializer that does that."""
    return allowed(bounded(plain(bounded(text, limit_chars * 8)[0]), limit_chars)[0])


def xml_line(text: str, limit_chars: int) -> str:
    """The same on one line."""
    return one_line(xml_plain(text, limit_chars))


def escaped(text: str) -> str:
    """Text between tags, or a value in double quotes, of XML and of HTML."""
    return html.escape(allowed(text), quote=True)


def fitting(text: str, columns: int) -> str:
    """The beginning of a text, on one line, as wide as `columns` narrow characters; not escaped.

    Wide characters (UAX 11) take two; what takes no room of its own counts one, so that the length stays bounded.
    """
    line, used = one_line(text[: columns * 8]), 0
    for at, character in enumerate(line):
        used += 2 if unicodedata.east_asian_width(character) in _WIDE else 1
        if used > columns:
            return line[: max(at - 1, 0)].rstrip() + "…"
    return line
