r"""What a row in the tables of secrets' forms consists of, and the parts that their patterns share.

Every pattern is linear by construction: it begins with a literal, and then either cannot fail, or fails within
a bounded number of characters, or stops at a character that every later start lies behind. That is why
quantifiers are possessive, quotations may stay unclosed, and a run of backslashes is entered at its start only.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from ghcr_audit.redaction.gates import Gate, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a secret stands in a text (`text[start:end]`) and what kind it is."""

    start: int
    end: int
    kind: str
    certain: bool
    """Its own form proves it; False: what stands around it does, such as a field's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form of secret.

    `gate` (RE2 syntax, see `gates.py`) finds where `pattern` may match; `hints` are lower-case literals of
    which one must occur for it to be tried there. The secret is the group `v` or `w`, else the whole match. With
    `inside`, `pattern` finds a whole command and `inside` the secrets in it. `holds` settles what no pattern can.
    Patterns and gate are compiled when they are first needed: most texts open no gate, and all of them together take
    as long as reading ten of our modules.
    """

    kind: str
    hints: tuple[str, ...]
    gate: str
    expression: str
    certain: bool
    inside: str | None = None
    holds: Callable[[str], bool] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """What it looks like as a whole."""
        return _compiled(self.expression)

    def opens(self, seen: bytes) -> bool:
        """Whether its own gate opens anywhere in a text, given as its octets."""
        return _own_gate(self.gate).opens(seen)

    def spans(self, text: str, window: Window) -> Iterator[Span]:
        """Every place of this shape in the window, in order; what stands before the window is still seen."""
        for match in self.pattern.finditer(text, window.start, window.end):
            if self.inside is None:
                yield from self._span(match)
                continue
            for found in _compiled(self.inside).finditer(text, match.start(), match.end()):
                yield from self._span(found)

    def _span(self, match: re.Match[str]) -> Iterator[Span]:
        group = next((group for group in _groups(match.re) if match.start(group) >= 0), 0)
        if self.holds is None or self.holds(match[group]):
            yield Span(start=match.start(group), end=match.end(group), kind=self.kind, certain=self.certain)


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


@cache
def _own_gate(expression: str) -> Gate:
    return Gate((expression,))


@cache
def _groups(pattern: re.Pattern[str]) -> tuple[int, ...]:
    """The numbers of `v` and `w`, of those that the pattern has."""
    return tuple(pattern.groupindex[name] for name in ("v", "w") if name in pattern.groupindex)


def shape(
    kind: str,
    hints: str,
    pattern: str,
    *,
    gate: str = "",
    inside: str | None = None,
    holds: Callable[[str], bool] | None = None,
    certain: bool = False,
) -> Shape:
    """A shape from the text of its patterns; `hints` are separated by spaces. Left out, its hints are its gate."""
    literals = tuple(hints.split())
    return Shape(
        kind=kind,
        hints=literals,
        gate=gate or "(?i:" + "|".join(map(re.escape, literals)) + ")",
        expression=pattern,
        certain=certain,
        inside=inside,
        holds=holds,
    )


QUOTE = r"(?<!\\)(?P<{}>\\{{0,15}}+[\"'])"
"""An opening quote, escaped as often as the JSON around it is nested."""
TO_CLOSING = r"(?P<{}>(?:(?!(?<!\\)(?P={}))[^\n])++)"
_VALUE_ENDS = r"(?:[\s\"'\\&;,)]|\Z)"
_VARIABLE = r"\$[A-Z][A-Z0-9_]*+|\$\{[A-Z][A-Z0-9_]*+(?::?\?[^}\n]{0,200}+|:?-)?\}"
REFERENCE = rf"(?![\"']?(?:(?:{_VARIABLE}|\*{{3,}}+){_VALUE_ENDS}|\$\{{\{{|\$\())"
"""A variable in place of a value (`$GHCR_TOKEN`, `${DB_PASSWORD:?missing}`, `${{ secrets.X }}`), or asterisks, are no
secret and worth reading. A default (`${X:-value}`) may be one."""
QUOTED = r"\"(?:[^\"\\\n]|\\.|\\$)*+\"?+|'[^'\n]*+'?+"
BARE = r"[^\s\"'\\]"
WORD = rf"(?:(?=[\"'])(?:{QUOTED}|\\.|{BARE})++|(?:\\.|{BARE})++)"
"""A shell word: joined quotations (as `shlex.quote` writes them) only where it begins with one."""
LINE_START = r"(?:^|\\n)[ \t]*+(?:-[ \t]++)?(?:export[ \t]++|declare -x[ \t]++)?"
LISTED = rf"[\"'],? ?{QUOTE.format('q')}{TO_CLOSING.format('v', 'q')}"
"""An option's value in a printed argument list (`'-p', 'x'`)."""
GAP = r"[ \t]{0,8}(?:\r?\n[ \t]{0,64})?"
"""Between a name and its value: blanks, at most one line break (a pretty printer's, a folded header's)."""
APART = rf"(?=[ \t\r\n]){GAP}"
"""The same, and not nothing."""

PASSWORDS = r"(?:password|passwd|passphrase|pgpassword|identity_?token|registry_?token|secret_access_key|secret_?key)"
WORDS = rf"(?:{PASSWORDS}|auth|token|secret|api_?key)"
FIELDS = rf"(?:[a-z0-9_.-]{{1,40}}?[_.-])?{WORDS}"
NAMES = r"(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_?KEY|ACCESS_?KEY|API_?KEY|PRIVATE_?KEY|_PAT|_PWD)"
