"""Nothing secret leaves: every text from the outside is redacted here before it is kept, logged or shown.

Two ways lead to a secret: its value, when the run has touched it (in every encoding it may come back in), and
its form (`shapes.py`). In its place stands a placeholder such as `[ghcr-token#1]`: equal secrets get
equal placeholders, so that a reader still sees *that* two of them are the same.
"""

import logging
import re
import threading
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from secrets import token_bytes

from ghcr_audit.credentials import checksum_holds
from ghcr_audit.redaction.forms import deep_forms_of, forms_of, parts_of
from ghcr_audit.redaction.known import KnownValues
from ghcr_audit.redaction.overlaps import overlapping
from ghcr_audit.redaction.shapes import shape_spans

SHORTEST_LEARNED = 6
"""Values below this length are not learned: they would be found in ordinary words and in other values."""
_PLACEHOLDER = re.compile(r"[\"'\\]*+\[[a-z0-9-]+#[0-9]+\][\"'\\]*+")
_KIND = re.compile(r"[a-z0-9-]+")
_QUOTING = " \t\r\n\"'\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One secret in a text: `text[start:end]`, and what is shown instead. It does not hold the secret."""

    start: int
    end: int
    placeholder: str
    kind: str
    """Of the placeholder: `github-token`."""
    certain: bool
    """A known value, or one whose own form proves it. False: a field's or an option's name says so, or a GitHub token's
    checksum does not hold (mistyped, cut, or an example)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Find:
    """A place that one form or shape points to; of several, the lowest rank is the surest."""

    start: int
    end: int
    rank: int
    kind: str
    certain: bool = True
    placeholder: str = ""


class Redactor:
    """Knows the secrets of one run, finds them in texts and takes them out. May be shared by threads.

    It holds learned values in memory (they are what it looks for); values found by form alone are kept as
    keyed hashes. Neither shows in its `repr`, and it cannot be pickled.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = token_bytes(32)
        self._numbered: dict[bytes, str] = {}
        self._counts: dict[str, int] = {}
        self._forms: dict[str, str] = {}
        self._known = KnownValues({})

    def __reduce__(self) -> str:
        raise TypeError("redactor: holds secrets, cannot be pickled")

    def learn(self, secret: str, kind: str, *, user: str = "") -> bool:
        """Register a secret, and with `user` also the Base64 of `user:secret`; False when it is too short.

        `kind` (lower-case words, `ghcr-token`) becomes the placeholder's name. A value of fewer than
        `SHORTEST_LEARNED` characters is not learned: keep such a secret out of what is printed. Of a secret of
        several lines (a private key) each long line is known as well.
        """
        if not _KIND.fullmatch(kind):
            raise ValueError("redactor: learn: kind must be lower-case words joined by hyphens")
        value = secret.strip("\r\n")
        if len(value) < SHORTEST_LEARNED:
            return False
        placeholder = self._placeholder(value, kind)
        forms = {form for part in parts_of(value) for form in forms_of(part, user) | deep_forms_of(part, user)}
        with self._lock:
            self._forms = {**dict.fromkeys(forms, placeholder), **self._forms}
            self._known = KnownValues(self._forms)
        return True

    def redact(self, text: str) -> str:
        """The text with a placeholder for every known or recognised secret. Ordinary text stays as it is."""
        pieces: list[str] = []
        position = 0
        for hit in self.find(text):
            pieces += (text[position : hit.start], hit.placeholder)
            position = hit.end
        return "".join((*pieces, text[position:]))

    def find(self, text: str) -> tuple[Hit, ...]:
        """Every secret in the text, in order; finds that overlap are one hit, named by the surest of them."""
        found = sorted((*self._learned(text), *_shaped(text)), key=lambda find: find.start)
        return tuple(self._hit(text, group) for group in overlapping(found))

    def begins_at_end(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a known secret; most often 0."""
        return self._known.begins_at_end(text)

    def _learned(self, text: str) -> Iterator[_Find]:
        for place in self._known.places(text):
            yield _Find(start=place.start, end=place.end, rank=-1, kind="", placeholder=place.placeholder)

    def _hit(self, text: str, group: Sequence[_Find]) -> Hit:
        surest = min(group, key=lambda find: find.rank)
        value = text[surest.start : surest.end].strip(_QUOTING)
        placeholder = surest.placeholder or self._placeholder(value, surest.kind)
        return Hit(
            start=group[0].start,
            end=max(find.end for find in group),
            placeholder=placeholder,
            kind=placeholder[1 : placeholder.rindex("#")],
            certain=surest.certain and checksum_holds(value) is not False,
        )

    def _placeholder(self, value: str, kind: str) -> str:
        """The placeholder of this value; the first kind under which it was met names it."""
        digest = blake2b(value.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
        with self._lock:
            if digest not in self._numbered:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                self._numbered[digest] = f"[{kind}#{self._counts[kind]}]"
            return self._numbered[digest]


class RedactingFilter(logging.Filter):
    """Takes secrets out of log records: message with its arguments, exception, stack, extra texts.

    Add it to *handlers*: a logger's own filters do not see the records of its children. The message is
    formatted here, so that a secret cut in two by its arguments is found; `exc_info` gives way to its redacted text.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place; it is always let through."""
        redactor = self._redactor or current_redactor()
        message, failure = _message(record), _exception_text(record)
        for name, value in vars(record).items():
            if isinstance(value, str) and name not in _SAFE_FIELDS:
                setattr(record, name, redactor.redact(value))
        record.msg, record.args = redactor.redact(message), ()
        record.exc_text, record.exc_info = redactor.redact(failure) if failure else None, None
        return True


@cache
def current_redactor() -> Redactor:
    """The redactor of this process: every adapter teaches it, every log handler asks it."""
    return Redactor()


_SAFE_FIELDS = frozenset({"levelname", "filename", "module", "funcName", "pathname", "exc_text", "msg"})


def _message(record: logging.LogRecord) -> str:
    """The formatted message, or its parts when they do not fit together (a bug, but no leak)."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args!r}"


def _exception_text(record: logging.LogRecord) -> str:
    if record.exc_text or not record.exc_info:
        return record.exc_text or ""
    return "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")


def _shaped(text: str) -> Iterator[_Find]:
    """What shows by its form and is not a placeholder already: the more telling shapes come first."""
    for rank, span in shape_spans(text):
        placeholder = _PLACEHOLDER.match(text, span.start)
        if placeholder is None or placeholder.end() < span.end:
            yield _Find(start=span.start, end=span.end, rank=rank, kind=span.kind, certain=span.certain)
