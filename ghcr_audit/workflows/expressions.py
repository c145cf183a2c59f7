"""GitHub's expressions (`${{ … }}` and `if:`), evaluated as far as the files can tell. Pure, bounded.

Source: GitHub Docs, "Evaluate expressions in workflows and actions". What only a run knows is UNKNOWN.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, Literal

from ghcr_audit.workflows.answers import ANY, MAX_TEXT, Answer, answer, equals


class _Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN
Value = str | bool | float | None | Literal[_Unknown.UNKNOWN]
Lookup = Callable[[tuple[str, ...]], Value]
"""What a context holds: `("github", "ref_name")`."""

_MAX_EXPRESSION = 2000
_MAX_DEPTH = 30
_TOKEN = re.compile(
    r"\s*(?:(?P<word>[A-Za-z_][\w-]*)|(?P<number>-?[0-9]{1,15}(?:\.[0-9]{1,9})?)|(?P<text>'(?:[^']|'')*+')"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[!<>().,\[\]*]))"
)
_INTERPOLATED = re.compile(r"\$\{\{((?:[^}]|\}(?!\}))*+)\}\}")
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
_NOT: dict[Answer, Value] = {Answer.YES: False, Answer.NO: True, Answer.PERHAPS: UNKNOWN}
_STATUS = {"success": True, "always": True, "failure": False, "cancelled": False}
"""Judged for a run in which everything before went well."""


class _MalformedError(ValueError):
    """No expression."""


def interpolated(text: str, lookup: Lookup) -> str:
    """The text with its `${{ … }}` resolved, ANY where only a run can tell."""

    def resolved(found: re.Match[str]) -> str:
        return as_text(evaluated(found[1], lookup))

    return _INTERPOLATED.sub(resolved, text[:MAX_TEXT])[:MAX_TEXT]


def holds(condition: str, lookup: Lookup) -> Answer:
    """Whether an `if:` lets its job or step run; '' always does."""
    text = condition.strip()
    if not text:
        return Answer.YES
    if found := _INTERPOLATED.fullmatch(text):
        text = found[1]
    return truth(evaluated(text, lookup)) if "${{" not in text else Answer.PERHAPS


def evaluated(text: str, lookup: Lookup) -> Value:
    """The value of one expression; UNKNOWN too when it is malformed or too long."""
    if len(text) > _MAX_EXPRESSION:
        return UNKNOWN
    try:
        return _Parser(_tokens(text), lookup).whole()
    except (_MalformedError, IndexError):
        return UNKNOWN


def as_text(value: Value) -> str:
    """A value inside a text."""
    if value is UNKNOWN:
        return ANY
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else str(value)
    return "" if value is None else str(value)


def truth(value: Value) -> Answer:
    """What the value counts as in a condition."""
    if value is UNKNOWN or (isinstance(value, str) and value and not value.strip(ANY)):
        return Answer.PERHAPS
    return answer(bool(value))


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, text = 0, text.strip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise _MalformedError
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


class _Parser:
    """Recursive descent; `||` binds least, then `&&`, comparisons, `!`."""

    def __init__(self, tokens: list[tuple[str, str]], lookup: Lookup) -> None:
        self._tokens = tokens
        self._lookup = lookup
        self._at = 0
        self._depth = 0

    def whole(self) -> Value:
        value = self._either()
        if self._at != len(self._tokens):
            raise _MalformedError
        return value

    def _either(self) -> Value:
        value = self._both()
        while self._take("||"):
            value = _or(value, self._both())
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._take("&&"):
            value = _and(value, self._compared())
        return value

    def _compared(self) -> Value:
        value = self._single()
        for sign in ("==", "!="):
            if self._take(sign):
                same = _same(value, self._single())
                return same if sign == "==" or same is UNKNOWN else not same
        if any(self._take(sign) for sign in ("<=", ">=", "<", ">")):
            self._single()
            return UNKNOWN
        return value

    def _single(self) -> Value:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _MalformedError
        value = self._primary()
        self._depth -= 1
        return value

    def _primary(self) -> Value:
        if self._take("!"):
            return _NOT[truth(self._single())]
        if self._take("("):
            value = self._either()
            self._expect(")")
            return value
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if kind == "word":
            return self._named(text)
        raise _MalformedError

    def _named(self, word: str) -> Value:
        if self._take("("):
            return _called(word.lower(), self._arguments())
        if word.lower() in _WORDS and not self._next_is(".", "["):
            return _WORDS[word.lower()]
        return self._lookup(tuple(self._path(word)))

    def _path(self, word: str) -> list[str]:
        path = [word]
        while self._next_is(".", "["):
            indexed = self._take("[")
            path.append(as_text(self._either()) if indexed else self._name())
            if indexed:
                self._expect("]")
        return path

    def _name(self) -> str:
        self._expect(".")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _arguments(self) -> list[Value]:
        values: list[Value] = []
        if self._take(")"):
            return values
        values.append(self._either())
        while self._take(","):
            values.append(self._either())
        self._expect(")")
        return values

    def _next_is(self, *signs: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] in {("sign", sign) for sign in signs}

    def _take(self, sign: str) -> bool:
        taken = self._next_is(sign)
        self._at += taken
        return taken

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise _MalformedError


def _or(left: Value, right: Value) -> Value:
    known = truth(left)
    if known is Answer.PERHAPS:
        return True if truth(right) is Answer.YES and right is True else UNKNOWN
    return left if known is Answer.YES else right


def _and(left: Value, right: Value) -> Value:
    known = truth(left)
    if known is Answer.PERHAPS:
        return False if truth(right) is Answer.NO else UNKNOWN
    return right if known is Answer.YES else left


def _same(left: Value, right: Value) -> bool | Literal[_Unknown.UNKNOWN]:
    """Texts compare without regard to case, as GitHub does."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    one, other = as_text(left).lower(), as_text(right).lower()
    if ANY in one and ANY in other:
        return UNKNOWN
    found = equals(one, other) if ANY in one else equals(other, one)
    return UNKNOWN if found is Answer.PERHAPS else found is Answer.YES


def _called(name: str, values: list[Value]) -> Value:
    if name in _STATUS:
        return _STATUS[name]
    if any(value is UNKNOWN or (isinstance(value, str) and ANY in value) for value in values):
        return _partly(name, [as_text(value) for value in values])
    texts = [as_text(value) for value in values]
    if name == "format" and texts:
        return _formatted(texts[0], texts[1:])
    return _TESTS[name](*(text.lower() for text in texts)) if name in _TESTS and len(texts) == 2 else UNKNOWN  # noqa: PLR2004


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda text, start: text.startswith(start),
    "endswith": lambda text, end: text.endswith(end),
    "contains": lambda text, part: part in text,
}


def _partly(name: str, texts: list[str]) -> Value:
    return _formatted(texts[0], texts[1:]) if name == "format" and texts and ANY not in texts[0] else UNKNOWN


def _formatted(form: str, parts: list[str]) -> str:
    def put(found: re.Match[str]) -> str:
        number = int(found[1])
        return parts[number] if number < len(parts) else ANY

    return re.sub(r"\{([0-9]{1,2})\}", put, form)[:MAX_TEXT]
