"""What a credential looks like where nobody told us its value: tokens, headers, fields, arguments, addresses.

A shape finds spans; `redactor.py` decides what stands in their place. The more telling shapes come first: of finds
that overlap, the first names the secret. `shape_spans` opens one gate for all of them and tries a shape only
around the places where it opened.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from functools import cache

from ghcr_audit.redaction.gates import Gate, Window, octets
from ghcr_audit.redaction.patterns import (
    APART,
    FIELDS,
    GAP,
    LINE_START,
    LISTED,
    NAMES,
    PASSWORDS,
    QUOTE,
    QUOTED,
    REFERENCE,
    TO_CLOSING,
    WORD,
    WORDS,
    Span,
    shape,
)
from ghcr_audit.redaction.tokens import GITHUB_SHAPES, TOKEN_SHAPES

LONGEST_KEY = 32_768
"""Characters from the beginning of a private key to its end, with what a log may have put before each line."""
_CODED = re.compile(r"(?=\D*\d)\S{8}")
_NO_WORDS = re.compile(r"(?=[^\s0-9A-Z]*[0-9A-Z])\S+")


def shape_spans(text: str) -> Iterator[tuple[int, Span]]:
    """Every secret that shows by its form, with the rank of its shape. Spans of different shapes may overlap."""
    if "-----BEGIN" in text:
        yield from ((0, span) for span in PRIVATE_KEY.spans(text, Window(start=0, end=len(text))))
    done = 0
    for window in _gate().windows(text):
        if window.end <= done:
            continue
        found = tuple(_within(text, window))
        if any(span.end == window.end for _, span in found) and text[window.end - 1] != "\n":
            window = window.to_line_end(text)  # noqa: PLW2901 - a secret that the window cut
            found = tuple(_within(text, window))
            done = window.end
        yield from found


def is_basic_pair(value: str) -> bool:
    """True for the Base64 of a printable `user:password`; words such as `authentication` are none."""
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4)).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()


def _is_coded(value: str) -> bool:
    """True for what holds a digit and is no short word: not `expired`."""
    return _CODED.match(value) is not None


def _is_no_word(value: str) -> bool:
    """False for words, as in `auth: "not present"`."""
    return _NO_WORDS.fullmatch(value) is not None


@cache
def _gate() -> Gate:
    return Gate(dict.fromkeys(row.gate for row in SHAPES))


@cache
def _hinted() -> tuple[tuple[str, frozenset[int]], ...]:
    """Each hint with the ranks of the shapes that it stands for."""
    hints = dict.fromkeys(hint for row in SHAPES for hint in row.hints)
    return tuple((hint, frozenset(rank for rank, row in enumerate(SHAPES) if hint in row.hints)) for hint in hints)


def _within(text: str, window: Window) -> Iterator[tuple[int, Span]]:
    stretch = text[window.start : window.end]
    lowered, seen = stretch.lower(), octets(stretch)
    hinted = [ranks for hint, ranks in _hinted() if hint in lowered]
    for rank in sorted(frozenset().union(*hinted)):
        if SHAPES[rank].opens(seen):
            for span in SHAPES[rank].spans(text, window):
                yield rank + 1, span


PRIVATE_KEY = shape(
    "private-key",
    "-----begin",
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    rf"(?:(?:[^-]|-(?!----)){{0,{LONGEST_KEY}}}+-----END [A-Z0-9 ]{{0,60}}-----"
    r"|(?:[\s\\nr\"',]*+(?:(?:Proc-Type|DEK-Info):[^\n]*+|[A-Za-z0-9+/=]{16,}+))*+)",
    certain=True,
)
"""PEM and OpenSSH keys, also one whose end is missing. Looked for in the whole text: it has many lines."""

_FIELD_GATE = (
    r"(?i:auth|passw(?:or)?d|passphrase|token|secret|(?:api|secret|access)_?key)"
    r"\\{0,15}[\"']?[ \t]{0,8}(?:\r?\n[ \t]{0,64})?[:=]"
)

_HEADERS = (
    shape(
        "authorization",
        "authorization x-registry-",
        rf"(?i)(?:authorization|x-registry-(?:auth|config))\\{{0,15}}+[\"']?{GAP}[:=]{GAP}\\{{0,15}}+[\"'\[]?"
        rf"(?:(?:basic|bearer|token){APART}|(?=[^\s\"'\\,;\]]{{16}}))"
        rf"{REFERENCE}(?P<v>[^\s\"'\\,;\]]++)",
        gate=r"(?i:authorization|x-registry-(?:auth|config))\\{0,15}[\"']?[ \t\r\n]{0,80}[:=]",
    ),
    shape(
        "authorization",
        "bearer",
        rf"(?i)bearer{APART}(?=[\w.~+/-]{{0,200}}?[0-9])(?P<v>[\w.~+/-]{{20}}[\w.~+/-]*+=*+)",
        gate=r"(?i:bearer)[ \t\r\n]{1,80}[\w.~+/?-]*[0-9]",
    ),
    shape(
        "authorization",
        "basic",
        rf"(?i)basic{APART}(?P<v>[a-z0-9+/]{{8}}[a-z0-9+/]*+={{0,2}}+)",
        gate=r"(?i:basic)[ \t\r\n]{1,80}[A-Za-z0-9+/]*(?:[0-9+/=]|[a-z][A-Z])",
        holds=is_basic_pair,
    ),
)

_FIELDS = (
    shape(
        "secret",
        "auth password passwd passphrase token secret key",
        rf"(?i){QUOTE.format('k')}{FIELDS}(?P=k){GAP}[:=]{GAP}"
        rf"(?:{QUOTE.format('q')}{REFERENCE}{TO_CLOSING.format('v', 'q')}|(?P<w>[0-9]++))",
        gate=_FIELD_GATE,
    ),
    shape(
        "secret",
        "password passwd passphrase token secret",
        rf"(?im){LINE_START}(?:[a-z0-9_.-]{{1,40}}?[_.-])?{PASSWORDS}(?:[ \t]*+:|[ \t]++=)[ \t]*+{REFERENCE}"
        r"(?![|>{\[][-+]?[ \t]*+$)(?P<v>(?=\S)(?:(?!\\[nr])[^\n])++)",
        gate=r"(?i:passw(?:or)?d|passphrase|token|secret|(?:secret|access)_?key)[ \t]*[:=]",
    ),
    shape(
        "secret",
        "auth: auth= auth\t auth\x20 password passwd passphrase token secret key",
        rf"(?im){LINE_START}{FIELDS}[ \t]*+[:=][ \t]*+{REFERENCE}"
        r"(?P<v>(?=\S{8})(?:(?!\\[nr])\S)++)(?=[ \t]*+(?:$|\\[nr]|#))",
        gate=r"(?i:auth|passw(?:or)?d|passphrase|token|secret|(?:api|secret|access)_?key)[ \t]*[:=]",
    ),
    # YAML's block scalars, and a plain one that a tool wrapped behind its name.
    shape(
        "secret",
        "auth password passwd passphrase token secret key",
        rf"(?im){LINE_START}{FIELDS}:[ \t]*+(?:[|>][-+]?[ \t]*+)?\r?\n[ \t]++{REFERENCE}"
        r"(?P<v>[^\s:]{6,}+)(?=[ \t\r]*+$)",
        gate=_FIELD_GATE,
    ),
)

_LOOSE_FIELDS = (
    # TOML's inline tables, keyword arguments, JavaScript: no quotes around the name, quotes around the value.
    shape(
        "secret",
        "auth password passwd passphrase token secret key",
        rf"(?i){WORDS}[ \t]{{0,8}}[:=][ \t]{{0,8}}{QUOTE.format('q')}{REFERENCE}{TO_CLOSING.format('v', 'q')}",
        gate=_FIELD_GATE,
        holds=_is_no_word,
    ),
    # YAML on one line: `{username: lab, password: x}`.
    shape(
        "secret",
        "auth password passwd passphrase token secret key",
        rf"(?i)[{{,][ \t]{{0,8}}{WORDS}[ \t]{{0,8}}:[ \t]{{1,8}}(?![\"'{{\[]){REFERENCE}(?P<v>[^\s\"'\\,}}]++)",
        gate=_FIELD_GATE,
        holds=_is_coded,
    ),
)

_ARGUMENTS = (
    shape(
        "password",
        "login",
        r"(?:docker|podman|nerdctl|oras|buildah|crane|skopeo|regctl|helm)\b[^\n]{0,60}?\blogin\b[^\n]*+",
        inside=rf"[\s\"'](?:(?:-p|--password){LISTED}|(?:-p[ =]?|--password[ =])(?P<w>(?![ -]){WORD}))",
        gate=r"login\b[^\n]*[ \t\"'](?:-p|--password)",
    ),
    shape(
        "password",
        "--password --passphrase --token --secret-key",
        rf"--(?:password|passphrase|token|secret-key)(?:{LISTED}|[ =](?!string\b|via the\b|[ <\[-])(?P<w>{WORD}))",
        gate=r"--(?:password|passphrase|token|secret-key)[\"', =]",
    ),
    shape("password", "sshpass", rf"sshpass[ \t]{{1,4}}-p[ \t]?(?P<v>{WORD})"),
    shape(
        "password",
        "curl",
        r"\bcurl\s[^\n]*+",
        inside=rf"\s(?:-u|--user|-U|--proxy-user)[ =]?[\"']?[^\s:\"']*+:{REFERENCE}(?P<v>[^\s\"']++)",
        gate=r"(?:-[uU]|-user)[ =]?[\"']?[^\s:\"']*:",
    ),
)

_ADDRESSES = (
    shape(
        "password",
        "://",
        r"://(?:[^\s/:@\"'<>\\]*+:(?P<v>[^\s/@\"'<>]++(?:@[^\s/@\"'<>]++)*)@|(?P<w>[A-Za-z0-9_-]{20,255}+)@)",
        gate=r"://[^\s/\"'<>]*@",
    ),
    shape(
        "secret",
        "token= password= passwd= passphrase= secret= key= _pat= _pwd=",
        rf"(?:{QUOTE.format('q')}(?:export )?\w{{0,64}}?{NAMES}={REFERENCE}{TO_CLOSING.format('v', 'q')}"
        rf"|{NAMES}={REFERENCE}(?P<w>{WORD}))",
        gate="(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|KEY|_PAT|_PWD)=",
    ),
    # Forms and connection strings (`Server=db;Password=x`), signed addresses of AWS, Google and Azure.
    shape(
        "secret",
        "token= password= passwd= pwd= passphrase= secret= key= sig= sig%3d signature= credential=",
        r"(?i)(?:password|passwd|passphrase|token|secret|api_?key|access_?key|account_?key"
        r"|(?:[?&]|u0026|amp;|%26)sig|signature|x-(?:amz|goog)-credential|;[ \t]{0,4}pwd)(?:=|(?<=sig)%3D)"
        rf"{REFERENCE}(?P<v>(?:(?=[\"']){QUOTED}|[^\s\"'\\&;,)\]]++))",
        gate=r"(?i:password|passwd|pwd|passphrase|token|secret|key|sig|signature|credential)(?:=|%3d)",
    ),
)

SHAPES = (*GITHUB_SHAPES, *TOKEN_SHAPES, *_HEADERS, *_FIELDS, *_ARGUMENTS, *_ADDRESSES, *_LOOSE_FIELDS)
