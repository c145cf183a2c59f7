"""Commands and their outputs inside one fence: what a person pasted from a terminal."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

SHELL_INFOS = frozenset({"bash", "sh", "shell", "zsh", "fish", "ksh", "powershell", "cmd"})
OUTPUT_INFOS = frozenset(
    {"", "text", "txt", "console", "terminal", "log", "output", "json", "yaml", "none", "plaintext"}
)
_PROMPT = re.compile(
    r"[ \t]{0,8}(?:\$|❯|➜|PS>|[\w.-]{1,64}@[\w.-]{1,64}[:~ ][^\n$#]{0,120}[$#]|\[[\w.-]{1,64}@[^\]\n]{1,100}\][$#])"
    r"[ \t]+(?P<command>\S.*)"
)
_WEAK_PROMPT = re.compile(r"[ \t]{0,8}(?P<mark>[#>])[ \t]+(?P<command>(?:\S+/)?(?P<program>[a-z][a-z0-9_.-]*)\b.*)")
_PROGRAMS = re.compile(
    r"sudo|docker|podman|compose|docker-compose|curl|wget|git|gh|ssh|scp|cat|ls|cd|cp|mv|rm|echo|export|env|grep|sed"
    r"|awk|systemctl|journalctl|ps|kill|df|du|free|uname|id|whoami|hostname|date|find|head|tail|jq|python|python3|pip|make|skopeo"
    r"|crane|regctl|kubectl|helm|ip|ss|ping|dig|nc|openssl|base64|printf|test|bash|sh"
)
_EXIT_CODE = re.compile(
    r"(?i)(?:\bexit(?:ed)?(?: with)?[ _-]?(?:code|status)?|\brc|\breturn code|종료 ?코드)"
    r"[ \t*`]{0,8}[:=]?[ \t*`]{0,4}(?P<code>-?[0-9]{1,3})\b"
)
_ECHOED = "echo $?"
_TAIL_CHARS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A command and its output; `line` counts from the fence's first content line, from 0."""

    line: int
    command: str
    output: str
    exit_code: int | None = None


def exchanges_in(text: str, *, script: bool = False) -> tuple[Exchange, ...]:
    """What stands behind the prompts of a pasted session; empty for a text without any.

    `# ` and `> ` are prompts only where the text begins with one and a program follows: they also begin
    comments and quotations. In a fence that is marked as a `script` they are never prompts.
    """
    lines = text.rstrip("\n").split("\n")
    weak = "" if script else _weak_mark(lines)
    prompts = [number for number, line in enumerate(lines) if _command(line, weak)]
    found = [_exchange(lines, start, end, weak) for start, end in pairwise([*prompts, len(lines)])]
    return tuple(_with_exit_codes(found))


def stated_exit_code(text: str) -> int | None:
    """The exit code that an output's end or a remark names (`exit code: 1`, `rc=0`, `종료 코드: 1`)."""
    codes = [int(match["code"]) for match in _EXIT_CODE.finditer(text[-_TAIL_CHARS:])]
    return codes[-1] if codes else None


def _weak_mark(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    match = _WEAK_PROMPT.match(first)
    return match["mark"] if match and _PROGRAMS.fullmatch(match["program"]) else ""


def _command(line: str, weak: str) -> str | None:
    match = _PROMPT.match(line)
    if match:
        return match["command"]
    match = _WEAK_PROMPT.match(line) if weak else None
    return match["command"] if match and match["mark"] == weak and _PROGRAMS.fullmatch(match["program"]) else None


def _exchange(lines: Sequence[str], start: int, end: int, weak: str) -> Exchange:
    """A command ends where no backslash continues it; what follows up to the next prompt is its output."""
    command, last = [_command(lines[start], weak) or ""], start + 1
    while command[-1].endswith("\\") and last < end:
        command.append(lines[last])
        last += 1
    output = "\n".join(lines[last:end]).strip("\n")
    return Exchange(line=start, command="\n".join(command).strip(), output=output, exit_code=stated_exit_code(output))


def _with_exit_codes(found: Sequence[Exchange]) -> Iterator[Exchange]:
    """`echo $?` is no command of its own: its output is the exit code of the one before."""
    for exchange, after in zip_longest(found, found[1:]):
        if exchange.command == _ECHOED and exchange is not found[0]:
            continue
        code = exchange.exit_code
        if after is not None and after.command == _ECHOED and after.output.strip().isdecimal():
            code = int(after.output.strip()[:3])
        yield Exchange(line=exchange.line, command=exchange.command, output=exchange.output, exit_code=code)
