r"""What a credential looks like where nobody told us its value: token formats, headers, fields, arguments.

A shape finds spans; `redaction.py` decides what stands in their place. Token formats follow GitHub's "About
authentication to GitHub" and its changelog of 2026-05-15 (`ghs_APPID_JWT`).

Every pattern is linear by construction: it begins with a literal, and then either cannot fail, or fails within
a bounded number of characters, or stops at a character that every later start lies behind. That is why
quantifiers are possessive, quotations may stay unclosed, and a run of backslashes is entered at its start only.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a secret stands in a text (`text[start:end]`) and what kind it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form of secret.

    `hints`: lower-case literals of which one must occur for the pattern to be tried at all. The secret is the
    group `v` or `w`, else the whole match. With `inside`, `pattern` finds a whole command and `inside` the
    secrets in it. `holds` settles what no pattern can.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    inside: re.Pattern[str] | None = None
    holds: Callable[[str], bool] | None = None

    def spans(self, text: str) -> Iterator[Span]:
        """Every place of this shape in the text, in order."""
        for match in self.pattern.finditer(text):
            if self.inside is None:
                yield from self._span(match, 0)
                continue
            for found in self.inside.finditer(match.group()):
                yield from self._span(found, match.start())

    def _span(self, match: re.Match[str], offset: int) -> Iterator[Span]:
        names = [name for name in ("v", "w") if name in match.re.groupindex and match[name] is not None]
        group = names[0] if names else 0
        if self.holds is None or self.holds(match[group]):
            yield Span(start=offset + match.start(group), end=offset + match.end(group), kind=self.kind)


def shape_spans(text: str) -> Iterator[Span]:
    """Every secret that shows by its form. Spans of different shapes may overlap."""
    lowered = text.lower()
    for shape in SHAPES:
        if any(hint in lowered for hint in shape.hints):
            yield from shape.spans(text)


def is_basic_pair(value: str) -> bool:
    """True for the Base64 of a printable `user:password`; words such as `authentication` are none."""
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4)).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()


def _shape(
    kind: str, hints: str, pattern: str, *, inside: str | None = None, holds: Callable[[str], bool] | None = None
) -> Shape:
    """A shape from the text of its patterns; `hints` are separated by spaces."""
    inner = re.compile(inside) if inside else None
    return Shape(kind=kind, hints=tuple(hints.split()), pattern=re.compile(pattern), inside=inner, holds=holds)


_QUOTE = r"(?<!\\)(?P<{}>\\{{0,15}}+[\"'])"
"""An opening quote, escaped as often as the JSON around it is nested."""
_TO_CLOSING = r"(?P<{}>(?:(?!(?<!\\)(?P={}))[^\n])++)"
_REFERENCE = r"(?!\$\{?[A-Z][A-Z0-9_]*+\}?+(?:[\s\"'\\&;,)]|\Z)|\$\{\{|\$\()"
"""A variable in place of a value (`$GHCR_TOKEN`, `${{ secrets.X }}`) is no secret and worth reading."""
_QUOTED = r"\"(?:[^\"\\\n]|\\.|\\$)*+\"?+|'[^'\n]*+'?+"
_BARE = r"[^\s\"'\\]"
_WORD = rf"(?:(?=[\"'])(?:{_QUOTED}|\\.|{_BARE})++|(?:\\.|{_BARE})++)"
"""A shell word: joined quotations (as `shlex.quote` writes them) only where it begins with one."""
_LINE_START = r"(?:^|\\n)[ \t]*+(?:-[ \t]++)?(?:export[ \t]++|declare -x[ \t]++)?"
_LISTED = rf"[\"'],? ?{_QUOTE.format('q')}{_TO_CLOSING.format('v', 'q')}"
"""An option's value in a printed argument list (`'-p', 'x'`)."""

_PASSWORDS = r"(?:password|passwd|passphrase|pgpassword|identity_?token|registry_?token|secret_access_key|secret_?key)"
_FIELDS = rf"(?:[a-z0-9_.-]{{1,40}}?[_.-])?(?:{_PASSWORDS}|auth|token|secret|api_?key)"
_NAMES = r"(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_?KEY|ACCESS_?KEY|API_?KEY|PRIVATE_?KEY|_PAT|_PWD)"

SHAPES: tuple[Shape, ...] = (
    _shape(
        "github-token",
        "ghp_ gho_ ghu_ ghr_ ghs_ github_pat_",
        r"gh[pour]_[A-Za-z0-9]{16}[A-Za-z0-9_]*+"
        r"|ghs_(?=[\w.-]{16})[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+"
        r"|github_pat_[A-Za-z0-9_]{16}[A-Za-z0-9_]*+",
    ),
    # The same in Base64: what the prefixes become at each of three offsets, and all that follows.
    _shape(
        "github-token",
        "z2hwx z2hvx z2h1x z2hzx z2hyx docf dob1 dodv doc1 docl nahbf nag9f nahvf nahnf nahjf"
        " z2l0ahvix3 dpdgh1yl9 naxrodwjfc",
        r"(?:Z2h[wv1zy]X|doc[F1l]|dob1|dodV|naH[BVNJ]f|naG9f|Z2l0aHViX3BhdF|dpdGh1Yl9wYXRf|naXRodWJfcGF0X)"
        r"(?=[A-Za-z0-9+/_-]{24})(?=[a-zA-Z+/_-]{0,23}[0-9])(?=[a-z0-9+/_-]{0,23}[A-Z])[A-Za-z0-9+/_-]++=*+",
    ),
    _shape("registry-token", "dckr_pat_ dckr_oat_ glpat-", r"(?:dckr_[po]at_|glpat-)[A-Za-z0-9_-]{16}[A-Za-z0-9_-]*+"),
    _shape("aws-key", "akia asia", r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    _shape(
        "jwt",
        "eyj",
        r"(?:(?<![\w-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]{8,}+\.eyJ[\w-]++\.[\w-]*+(?:\.[\w-]*+)*+",
    ),
    _shape(
        "private-key",
        "-----begin",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[^-]*+(?:-(?!----)[^-]*+)*+-----END [A-Z0-9 ]{0,60}-----"
        r"|(?:[\s\\nr\"',]*+(?:(?:Proc-Type|DEK-Info):[^\n]*+|[A-Za-z0-9+/=]{16,}+))*+)",
    ),
    _shape(
        "authorization",
        "authorization x-registry-",
        r"(?i)(?:authorization|x-registry-(?:auth|config))\\{0,15}+[\"']?\s{0,4}[:=]\s{0,4}\\{0,15}+[\"'\[]?"
        r"(?:(?:basic|bearer|token)\s{1,4}|(?=[^\s\"'\\,;\]]{16}))"
        rf"{_REFERENCE}(?P<v>[^\s\"'\\,;\]]++)",
    ),
    _shape(
        "authorization",
        "bearer",
        r"(?i)bearer\s{1,4}(?=[\w.~+/-]{0,200}?[0-9])(?P<v>[\w.~+/-]{20}[\w.~+/-]*+=*+)",
    ),
    _shape("authorization", "basic", r"(?i)basic\s{1,4}(?P<v>[a-z0-9+/]{8}[a-z0-9+/]*+={0,2}+)", holds=is_basic_pair),
    _shape(
        "secret",
        "auth password passwd passphrase token secret key",
        rf"(?i){_QUOTE.format('k')}{_FIELDS}(?P=k)\s{{0,8}}[:=]\s{{0,8}}"
        rf"(?:{_QUOTE.format('q')}{_REFERENCE}{_TO_CLOSING.format('v', 'q')}|(?P<w>[0-9]++))",
    ),
    _shape(
        "secret",
        "password passwd passphrase token secret",
        rf"(?im){_LINE_START}(?:[a-z0-9_.-]{{1,40}}?[_.-])?{_PASSWORDS}(?:[ \t]*+:|[ \t]++=)[ \t]*+{_REFERENCE}"
        r"(?![|>{\[][-+]?[ \t]*+$)(?P<v>(?=\S)(?:(?!\\[nr])[^\n])++)",
    ),
    _shape(
        "secret",
        "auth: auth= auth\t auth\x20 token secret key",
        rf"(?im){_LINE_START}{_FIELDS}[ \t]*+[:=][ \t]*+{_REFERENCE}"
        r"(?P<v>(?=\S{8})(?:(?!\\[nr])\S)++)(?=[ \t]*+(?:$|\\[nr]|#))",
    ),
    _shape(
        "password",
        "login",
        r"(?:docker|podman|nerdctl|oras|buildah|crane|skopeo|regctl|helm)\b[^\n]{0,60}?\blogin\b[^\n]*+",
        inside=rf"[\s\"'](?:(?:-p|--password){_LISTED}|(?:-p[ =]?|--password[ =])(?P<w>(?![ -]){_WORD}))",
    ),
    _shape(
        "password",
        "--password --passphrase --token --secret-key",
        rf"--(?:password|passphrase|token|secret-key)(?:{_LISTED}|[ =](?!string\b|via the\b|[ <\[-])(?P<w>{_WORD}))",
    ),
    _shape("password", "sshpass", rf"sshpass\s{{1,4}}-p\s?(?P<v>{_WORD})"),
    _shape(
        "password",
        "curl",
        r"\bcurl\s[^\n]*+",
        inside=rf"\s(?:-u|--user|-U|--proxy-user)[ =]?[\"']?[^\s:\"']*+:{_REFERENCE}(?P<v>[^\s\"']++)",
    ),
    _shape(
        "password",
        "://",
        r"://(?:[^\s/:@\"'<>\\]*+:(?P<v>[^\s/@\"'<>]++(?:@[^\s/@\"'<>]++)*)@|(?P<w>[A-Za-z0-9_-]{20,255}+)@)",
    ),
    _shape(
        "secret",
        "token= password= passwd= passphrase= secret= key= _pat= _pwd=",
        rf"(?:{_QUOTE.format('q')}(?:export )?\w{{0,64}}?{_NAMES}={_REFERENCE}{_TO_CLOSING.format('v', 'q')}"
        rf"|{_NAMES}={_REFERENCE}(?P<w>{_WORD}))",
    ),
    _shape(
        "secret",
        "token= password= passwd= passphrase= secret= key= sig= signature= credential=",
        rf"(?i)(?:password|passwd|passphrase|token|secret|api_?key|access_?key|[?&]sig|signature|x-amz-credential)="
        rf"{_REFERENCE}(?P<v>(?:(?=[\"']){_QUOTED}|[^\s\"'\\&;,)\]]++))",
    ),
)
