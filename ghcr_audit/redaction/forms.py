"""In which forms a known secret may come back: the encodings that tools between us and a text apply."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_LONG_LINE = 16
"""Lines of a secret of several lines count as secret from this length on (a PEM line has 64 or 70)."""
_SHORTEST_ENCODED = 6
_GO_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def parts_of(secret: str) -> frozenset[str]:
    """The secret and, where it has several lines, each long one: logs and prefixes tear them apart."""
    lines = secret.splitlines()
    return frozenset({secret, *(line for line in lines if len(lines) > 1 and len(line) >= _LONG_LINE)})


def forms_of(secret: str, user: str = "") -> frozenset[str]:
    """Every form to look for, none of them empty. With `user` also the Base64 of `user:secret` from its start.

    Raw, JSON (as Python and as Go write it, and twice), Python repr, URL, HTML and shell quoting; and the Base64
    of the raw and the JSON form, wherever in an encoded text it stands.
    """
    escaped = frozenset(_json_forms(secret))
    encoded = {form for text in {secret, *escaped} for form in _base64_forms(text)}
    if user:
        encoded |= set(_whole_base64(f"{user}:{secret}"))
    quoted = {quote(form, safe="") for form in encoded}
    texts = {secret, *escaped, *_url_forms(secret), *_html_forms(secret), *_shell_forms(secret)}
    return frozenset(texts | encoded | quoted)


def deep_forms_of(secret: str, user: str = "") -> frozenset[str]:
    """Base64 of the Base64: what `base64 ~/.docker/config.json` makes of a stored credential."""
    inner = {form for form in _base64_forms(secret)} | (set(_whole_base64(f"{user}:{secret}")) if user else set())
    return frozenset(form for text in inner if len(text) >= _SHORTEST_ENCODED for form in _base64_forms(text))


def _json_forms(secret: str) -> Iterator[str]:
    for ascii_only in (True, False):
        inner = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield inner
        yield inner.translate(_GO_ESCAPES)
        yield json.dumps(inner)[1:-1]
        yield json.dumps(inner.translate(_GO_ESCAPES))[1:-1]


def _url_forms(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    for form in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield form
        yield _lower_hex(form)


def _lower_hex(quoted: str) -> str:
    """`%2B` as some clients write it: `%2b`."""
    head, *rest = quoted.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def _html_forms(secret: str) -> Iterator[str]:
    full = html.escape(secret)
    yield html.escape(secret, quote=False)
    yield full
    yield full.replace("&#x27;", "&#39;")
    yield full.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield full.replace("&#x27;", "&apos;")


def _shell_forms(secret: str) -> Iterator[str]:
    """Inside quotes (as `shlex.quote` joins them, and by hand), as Python prints it, and escaped without quotes."""
    yield secret.replace("'", "'\"'\"'")
    yield secret.replace("'", "'\\''")
    yield repr(secret)[1:-1]
    yield "".join(character if character.isalnum() or character in "_-./" else f"\\{character}" for character in secret)


def _base64_forms(secret: str) -> Iterator[str]:
    """What is certain of the secret's Base64, whatever stands before and after it, and its possible ends.

    A character of Base64 holds six bits. Behind `before` foreign bytes the first 2 or 3 characters also hold
    foreign bits; at the end the last one may. What lies between never changes.
    """
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        start = -(-8 * before // 6)
        certain = 8 * (before + len(raw)) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + raw).decode()[start:]
            yield text[: certain - start]
            yield text
            yield text.rstrip("=")


def _whole_base64(pair: str) -> Iterator[str]:
    raw = pair.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(raw).decode()
        yield text
        yield text.rstrip("=")
