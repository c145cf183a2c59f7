"""In which order a deploy script reads its arguments, and whether a call gives them in that order (incident 1).

Read from the script's own text: its usage line, and top-level assignments such as `deploy_dir=$1`. A conflict is
named only where an argument's own kind (`*.yml`, a tag, one of `deploy|rollback`) contradicts what stands in its place.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ghcr_audit.workflows.answers import ANY
from ghcr_audit.workflows.shell import Word

_MAX_LINES = 5000
_MAX_PARAMETERS = 20
_MAX_LINE = 500


class Kind(StrEnum):
    """What an argument is, as far as its name or its form tells."""

    DIRECTORY = "directory"
    FILE = "compose file"
    TAG = "tag"
    ACTION = "action"
    OTHER = "other"
    """Nothing can be said: never in conflict."""


_NAMES: dict[Kind, set[str]] = {
    Kind.DIRECTORY: {"dir", "directory", "folder"},
    Kind.FILE: {"compose", "composefile", "yml", "yaml"},
    Kind.TAG: {"tag", "version"},
    Kind.ACTION: {"action", "mode", "operation", "command", "cmd", "verb"},
}
_BLURRING = {"file", "path", "name", "prefix", "image", "var", "variable", "env", "url"}
"""Beside another word these make a name mean something else (`tag_file`), except for a compose file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One argument that the script reads; `choices` where it takes only these words."""

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The arguments in the order in which the script reads them."""

    parameters: tuple[Parameter, ...]
    strict: bool
    """The script refuses any other number of arguments."""

    def __str__(self) -> str:
        return " ".join(one.name for one in self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An argument in a place where the script reads something else."""

    told: str
    certain: bool
    """By the value itself, not by the name of a variable."""


def contract(script: str, text: str) -> Contract | None:
    """What the script with this file name says of its arguments; None when it says nothing that can be read."""
    lines = text.splitlines()[:_MAX_LINES]
    usage, assigned = _usage(script, lines), _assigned(lines)
    if assigned is None:
        return None
    count = max((len(usage), *assigned), default=0)
    if not usage and set(assigned) != set(range(1, count + 1)):
        return None
    parameters = tuple(
        _parameter(usage[at - 1] if at <= len(usage) else "", assigned.get(at, "")) for at in range(1, count + 1)
    )
    strict = re.search(rf"\$#\"?\s+(?:-ne|!=)\s+\"?{count}\b", text) is not None
    return Contract(parameters=parameters, strict=strict) if parameters else None


def _parameter(usage: str, assigned: str) -> Parameter:
    """The name that the script works with counts before the one that its usage line shows."""
    choices = tuple(usage.strip("<>[]{}()").split("|")) if "|" in usage else ()
    known = [kind for kind in map(kind_of_name, (assigned, usage)) if kind is not Kind.OTHER]
    kind = known[0] if len(set(known)) == 1 else Kind.OTHER
    if choices:
        kind = Kind.ACTION if kind in (Kind.ACTION, Kind.OTHER) else Kind.OTHER
    return Parameter(name=usage or assigned, kind=kind, choices=choices if kind is Kind.ACTION else ())


def kind_of_name(name: str) -> Kind:
    """What a name such as `COMPOSE_FILE` or `image_tag` says; OTHER when it says two things, or none."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    found = {kind for kind, names in _NAMES.items() if names.intersection(words)}
    if len(found) != 1:
        return Kind.OTHER
    kind = found.pop()
    blurred = _BLURRING.intersection(words) - ({"image"} if kind is Kind.TAG else set())
    return Kind.OTHER if blurred and kind is not Kind.FILE else kind


def _usage(script: str, lines: list[str]) -> list[str]:
    """The words behind the script's name in its first usage line; [] when there is none or it shows options."""
    name = rf"(?:^\s*#\s*|usage:\s*)(?:\$0|\S{{0,80}}{re.escape(script)})((?: +[^\s\"'`;]+)+)"
    pattern = re.compile(name, re.IGNORECASE)
    for line in lines:
        found = pattern.search(re.sub(r'\$\(basename "?\$0"?\)|\$\{0##\*/\}', "$0", line[:_MAX_LINE]))
        if found is not None:
            words = found[1].split()[:_MAX_PARAMETERS]
            return words if all(map(_is_parameter, words)) else []
    return []


def _is_parameter(word: str) -> bool:
    """Capitals, `<name>`, or alternatives; prose and options are none."""
    bare = word.strip("<>[]")
    return bool(
        re.fullmatch(r"<[\w-]+>|\[[\w-]+\]|\[?[A-Z][A-Z0-9_]*\]?|[<\[{(]?[\w-]+(?:\|[\w-]+)+[>\]})]?", word)
    ) and bool(bare)


_ASSIGNED = re.compile(
    r"^\s*(?:readonly\s+|export\s+|declare\s+(?:-\w+\s+)?|local\s+)?([A-Za-z_]\w{0,60})=\"?\$(?:([1-9])\b|\{([1-9])(?:\}|:?[-?=+]))"
)
_FUNCTION = re.compile(r"^(\s*)(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)\s*\{?\s*(?:#.*)?$")
_MAIN = re.compile(r"^\s*main\s+\"\$@\"\s*$")


def _assigned(lines: list[str]) -> dict[int, str] | None:
    """Names by the number of the argument that they get; None when arguments are shifted, or read by options."""
    found: dict[int, str] = {}
    for line in _of_the_script(lines):
        if re.match(r"\s*(?:shift\b|while\s+getopts|case\s+\"?\$\{?1\b)|.*\bgetopts\b", line):
            return None
        if (one := _ASSIGNED.match(line)) is not None:
            found.setdefault(int(one[2] or one[3]), one[1])
    return found


def _of_the_script(lines: list[str]) -> Iterator[str]:
    """Lines outside of functions, which have arguments of their own; but `main "$@"` has the script's."""
    has_main, inside = any(map(_MAIN.match, lines)), ""
    for line in lines:
        began = _FUNCTION.match(line)
        if inside:
            inside = "" if line.rstrip() == inside else inside
        elif began is not None and not (has_main and began[2] == "main"):
            inside = f"{began[1]}}}"
        elif not line.lstrip().startswith("#"):
            yield line


def conflicts(
    known: Contract, words: tuple[Word, ...], resolved: Callable[[str], str], is_tag: Callable[[str], bool]
) -> tuple[Conflict, ...]:
    """Where the words of a call contradict the contract; () when nothing can be said against it.

    `resolved` fills in `$NAME` and `${{ … }}` as far as that is possible, `is_tag` knows a release tag.
    """
    if any(word.text.startswith("-") or word.text in ("$@", "$*") for word in words):
        return ()
    pairs = zip(known.parameters, words, strict=False)
    found = [_conflict(parameter, word.text, resolved(word.text), is_tag) for parameter, word in pairs]
    missing = _number(known, words)
    return tuple(one for one in (*found, missing) if one is not None)


def _number(known: Contract, words: tuple[Word, ...]) -> Conflict | None:
    if not known.strict or len(words) == len(known.parameters) or not all(word.fixed for word in words):
        return None
    return Conflict(told=f"{len(words)} arguments where the script takes {len(known.parameters)}", certain=True)


def _conflict(parameter: Parameter, written: str, value: str, is_tag: Callable[[str], bool]) -> Conflict | None:
    told = f"{_cut(written)} where the script reads {parameter.name}"
    if parameter.choices and ANY not in value:
        return None if value in parameter.choices else Conflict(told=told, certain=True)
    kind = _kind_of(written, value, is_tag)
    path = (kind, parameter.kind) == (Kind.DIRECTORY, Kind.FILE)  # a file without an ending looks like a folder
    if Kind.OTHER in (kind, parameter.kind) or kind is parameter.kind or path:
        return None
    return Conflict(told=told, certain=ANY not in value)


def _kind_of(written: str, value: str, is_tag: Callable[[str], bool]) -> Kind:
    """By form where the value is known, else by the name of the variable or expression."""
    if re.fullmatch(r"[^\s\0]{1,200}\.ya?ml", value):
        return Kind.FILE
    if ANY not in value:
        return _kind_of_value(value, is_tag)
    named = re.fullmatch(r"\$\{?(\w+)\}?|\$\{\{[^}]*?\b([\w-]+)\s*\}\}", written)
    return kind_of_name(named[1] or named[2]) if named else Kind.OTHER


def _kind_of_value(value: str, is_tag: Callable[[str], bool]) -> Kind:
    if is_tag(value):
        return Kind.TAG
    return Kind.DIRECTORY if re.fullmatch(r"(?:~|\.{1,2}|/[\w.-]+|~/[\w.-]+)(?:/[\w.-]*)*", value) else Kind.OTHER


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004
