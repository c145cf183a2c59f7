"""Foreign text made safe to show: no escape sequence, no control character, nothing invisible.

What a host or a registry prints may carry terminal escapes (ECMA-48), progress bars, and characters that
turn or hide what a reader sees (Unicode TR 36). It loses the first, keeps the last state of the second, and
shows the third by name.
"""

import re

_STRING_BODY = r"[^\x07\x1b\x90\x98\x9c-\x9f\n]*+(?:\x07|\x1b\\|\x9c)"
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # CSI: colours, cursor movements
    rf"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]){_STRING_BODY}"  # OSC (titles, links), DCS, SOS, PM, APC
    r"|\x1b[ -/]*+[0-~]"  # two-character escapes, and the introducer of a string that never ends
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_CUT = "\n[… {} characters cut …]\n"


def plain(text: str) -> str:
    r"""The text as a reader can trust it: printable characters, `\n` and `\t` only.

    A line rewritten by carriage returns keeps its last state. Characters that change direction or take no
    room, and lone surrogates, appear as `\u{202e}`. Linear in time; applying it twice changes nothing more.
    """
    without_escapes = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    lines = without_escapes.split("\n") if "\r" in without_escapes else [without_escapes]
    kept = "\n".join(_last_state(line) for line in lines)
    return _UNSEEN.sub(_by_name, _CONTROLS.sub("", kept))


def one_line(text: str) -> str:
    """The plain text with every run of white space turned into one space."""
    return " ".join(plain(text).split())


def bounded(text: str, limit_chars: int) -> tuple[str, bool]:
    """At most `limit_chars` characters of the text, and whether something was cut.

    The cut is made in the middle and says its size: errors stand at the end of an output, what was
    attempted at its beginning. Where the limit leaves no room for that, the beginning alone is kept.
    """
    if len(text) <= limit_chars:
        return text, False
    room = limit_chars - len(_CUT.format(len(text)))
    if room < 2:  # noqa: PLR2004 - one character before and one after
        return text[: max(limit_chars, 0)], True
    head, tail = room - room // 2, room // 2
    return text[:head] + _CUT.format(len(text) - room) + text[-tail:], True


def _last_state(line: str) -> str:
    """What a progress line shows in the end: its last non-empty rewrite."""
    return next((part for part in reversed(line.split("\r")) if part), "")


def _by_name(match: re.Match[str]) -> str:
    return f"\\u{{{ord(match.group()):04x}}}"
