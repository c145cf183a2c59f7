"""Shell text as words: enough of POSIX sh to see which commands a script calls with which words. Nothing is run.

Variables, `$(…)` and `${{ … }}` stay as they are written. Linear, and any text gives an answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MAX_SCRIPT = 128 * 1024
_MAX_NESTED = 3
_OPERATORS = ";&|()<>\n"
_ENDS = tuple(_OPERATORS)
_DOUBLED = tuple("<>&|")
_PLAIN = re.compile(r"[^\s;&|()<>\"'\\$`#]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"}
_WRAPPERS = {
    "sudo",
    "env",
    "exec",
    "nohup",
    "command",
    "nice",
    "stdbuf",
    "timeout",
    "bash",
    "sh",
    "dash",
    "zsh",
    ".",
    "source",
}
_SSH_VALUES = set("BbcDEeFIiJLlmOopQRSWw")
"""Options of ssh that take a value (ssh(1))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word without its quotes; `fixed` when the shell cannot split or drop it."""

    text: str
    fixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledCommand:
    """One simple command; `stdin` is the file that it reads, '' for none."""

    words: tuple[Word, ...]
    stdin: str = ""


class _Lexer:
    """Walks over the text once; a quote that is never closed ends with the text."""

    def __init__(self, text: str) -> None:
        self._text = text[:MAX_SCRIPT]
        self._at = 0

    def commands(self) -> Iterator[CalledCommand]:
        words: list[Word] = []
        stdin, redirected = "", ""
        while self._at < len(self._text):
            adjacent, operator = self._at, self._operator()
            if operator in ("<", ">"):
                redirected = operator
                if words and words[-1].text.isdigit() and self._text[adjacent] in "<>":
                    words.pop()  # the number of a file, not a word
            elif operator:
                yield CalledCommand(words=tuple(words), stdin=stdin)
                words, stdin, redirected = [], "", ""
            elif (word := self._word()) is not None and redirected:
                stdin, redirected = (word.text if redirected == "<" else stdin), ""
            elif word is not None:
                words.append(word)
        yield CalledCommand(words=tuple(words), stdin=stdin)

    def _operator(self) -> str:
        """What stands here after blanks: `<` or `>` for a redirection, what ends a command, '' for a word."""
        self._skip()
        began = self._at
        if self._text[began : began + 1] in _ENDS:
            self._at += 1
            while self._text[self._at : self._at + 1] in _DOUBLED:
                self._at += 1
        found = self._text[began : self._at]
        return next((sign for sign in "<>" if sign in found), found)

    def _skip(self) -> None:
        while self._at < len(self._text):
            if self._text.startswith("\\\n", self._at):
                self._at += 2
            elif self._text[self._at] in " \t\r\f\v":
                self._at += 1
            elif self._text[self._at] == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return

    def _word(self) -> Word | None:
        pieces: list[str] = []
        fixed, began = True, self._at
        while self._at < len(self._text):
            char = self._text[self._at]
            if char.isspace() or char in _OPERATORS:
                break
            if char in "$`":
                fixed = False
            pieces.append(self._piece(char))
        return Word(text="".join(pieces), fixed=fixed) if self._at > began else None

    def _piece(self, char: str) -> str:
        if char == "'":
            return self._to("'")
        if char == '"':
            return self._quoted()
        if char == "\\":
            self._at += 2
            escaped = self._text[self._at - 1 : self._at]
            return "" if escaped == "\n" else escaped
        if char == "$":
            return self._expansion()
        if char == "`":
            return f"`{self._to('`')}`"
        found = _PLAIN.match(self._text, self._at)
        self._at = found.end() if found else self._at + 1
        return found[0] if found else char

    def _to(self, quote: str) -> str:
        end = self._text.find(quote, self._at + 1)
        end = len(self._text) if end < 0 else end
        text = self._text[self._at + 1 : end]
        self._at = end + 1
        return text

    def _quoted(self) -> str:
        pieces: list[str] = []
        self._at += 1
        while self._at < len(self._text) and self._text[self._at] != '"':
            char = self._text[self._at]
            if char == "\\" and self._text[self._at + 1 : self._at + 2] in ('"', "\\", "$", "`", "\n"):
                pieces.append(self._text[self._at + 1].strip("\n"))
                self._at += 2
            elif char == "$":
                pieces.append(self._expansion())
            else:
                pieces.append(char)
                self._at += 1
        self._at += 1
        return "".join(pieces)

    def _expansion(self) -> str:
        """`$NAME`, or whatever stands between balanced `${…}` or `$(…)`."""
        opening = self._text[self._at + 1 : self._at + 2]
        closing = {"{": "}", "(": ")"}.get(opening)
        if closing is None:
            self._at += 1
            return "$"
        began, depth = self._at, 0
        self._at += 1
        while self._at < len(self._text):
            depth += {opening: 1, closing: -1}.get(self._text[self._at], 0)
            self._at += 1
            if depth == 0:
                break
        return self._text[began : self._at]


@lru_cache(maxsize=256)
def commands(text: str) -> tuple[CalledCommand, ...]:
    """Every simple command of the text, in order; cached, since each event that starts a job asks again."""
    return tuple(one for one in _Lexer(text).commands() if one.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The words that a command gets after its name."""

    words: tuple[Word, ...]


def calls_of(script: str, text: str, nested: int = 0) -> Iterator[Call]:
    """Every call of the script of this file name, also inside `ssh HOST '…'`; being copied or tested is no call."""
    if script not in text or nested > _MAX_NESTED:
        return
    for command in commands(text):
        yield from _called_by(command, script, nested)


def _called_by(command: CalledCommand, script: str, nested: int) -> Iterator[Call]:
    words = _unwrapped(command.words)
    if words and is_file(words[0].text, script):
        yield Call(words=words[1:])
        return
    if is_file(command.stdin, script) and (given := _after_stdin(command.words)) is not None:
        yield Call(words=given)
    remote = _remote(command.words)
    if remote:
        yield from calls_of(script, remote, nested + 1)
        return
    for word in command.words:
        if script in word.text and any(char.isspace() for char in word.text):
            yield from calls_of(script, _inside(word.text), nested + 1)


def _inside(text: str) -> str:
    """What `$(…)` runs, where the word holds one; else the word itself, a script of its own perhaps."""
    before, opening, after = text.partition("$(")
    return after.rpartition(")")[0] if opening and not any(char.isspace() for char in before) else text


def is_file(path: str, name: str) -> bool:
    """The path ends in a file of this name."""
    return path.rpartition("/")[2] == name


def _unwrapped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Without assignments, keywords, and the programs that start what follows them, with their options."""
    at = 0
    while at < len(words):
        text = words[at].text
        if text in _KEYWORDS or _ASSIGNMENT.match(text):
            at += 1
        elif text.rpartition("/")[2] in _WRAPPERS:
            at = _past_options(words, at + 1, sudo=text == "sudo", limit=text == "timeout")
        else:
            break
    return words[at:]


def _past_options(words: tuple[Word, ...], at: int, *, sudo: bool, limit: bool) -> int:
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if sudo and words[at].text in ("-u", "-g", "-D", "-h", "-p") else 1
    return at + 1 if limit and at < len(words) else at


def _after_stdin(words: tuple[Word, ...]) -> tuple[Word, ...] | None:
    """The words after `bash -s --`, where a script comes by standard input."""
    texts = [word.text for word in words]
    if "-s" not in texts:
        return None
    given = words[texts.index("-s") + 1 :]
    return given[1:] if given and given[0].text == "--" else given


def _remote(words: tuple[Word, ...]) -> str:
    """What ssh runs on the other side, as text; '' when this is no ssh with a command."""
    at = next((i for i, word in enumerate(words) if word.text.rpartition("/")[2] == "ssh"), None)
    if at is None:
        return ""
    at += 1
    while at < len(words) and words[at].text.startswith("-"):
        text = words[at].text
        at += 2 if len(text) == 2 and text[1] in _SSH_VALUES else 1  # noqa: PLR2004
    return " ".join(word.text for word in words[at + 1 :])
