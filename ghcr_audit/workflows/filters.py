"""GitHub's filter patterns for branches and tags (Workflow syntax, "Filter pattern cheat sheet").

`*` any characters but `/`, `**` any, `?` zero or one and `+` one or more of what stands before, `[a-z]` one of these,
`!` at the beginning takes back what earlier patterns took, a backslash takes the next character as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_MAX_PATTERN = 300
_MAX_NAME = 300
_CLASS = re.compile(r"\[(!?)([^\]]{1,100})\]")
_MAGIC = re.compile(r"[*?+\[\]!\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Atom:
    """One character of these ('' any), how often; `but_slash` for `*`."""

    chars: frozenset[str] = frozenset()
    but_slash: bool = False
    optional: bool = False
    many: bool = False

    def takes(self, char: str) -> bool:
        if self.chars:
            return char in self.chars
        return not (self.but_slash and char == "/")


def selects(patterns: Sequence[str], name: str) -> bool | None:
    """Whether an including filter (`tags`, `branches`) lets this name through; None when a pattern cannot be read."""
    chosen = False
    for pattern in patterns:
        found = matches(pattern.removeprefix("!"), name)
        if found is None:
            return None
        if found:
            chosen = not pattern.startswith("!")
    return chosen


def ignores(patterns: Sequence[str], name: str) -> bool | None:
    """Whether an ignoring filter (`tags-ignore`, `branches-ignore`) keeps this name out; None: cannot be read."""
    found = [matches(pattern, name) for pattern in patterns]
    if any(found):
        return True
    return None if None in found else False


def is_plain(pattern: str) -> bool:
    """No character in it has a meaning of its own."""
    return _MAGIC.search(pattern) is None


def matches(pattern: str, name: str) -> bool | None:
    """Whether the whole name fits the pattern; None when the pattern is malformed or too long.

    All states at once: the time grows with pattern times name, whatever stands in them.
    """
    atoms = _atoms(pattern) if len(pattern) <= _MAX_PATTERN and len(name) <= _MAX_NAME else None
    if atoms is None:
        return None
    states = _past_optional({0}, atoms)
    for char in name:
        states = _past_optional(_after(states, atoms, char), atoms)
    return len(atoms) in states


def _after(states: set[int], atoms: list[_Atom], char: str) -> set[int]:
    taking = [state for state in states if state < len(atoms) and atoms[state].takes(char)]
    return {state + 1 for state in taking} | {state for state in taking if atoms[state].many}


def _past_optional(states: set[int], atoms: list[_Atom]) -> set[int]:
    """With every state that is reached by taking nothing."""
    reached = set(states)
    for state in range(len(atoms)):
        if state in reached and atoms[state].optional:
            reached.add(state + 1)
    return reached


def _atoms(pattern: str) -> list[_Atom] | None:
    atoms: list[_Atom] = []
    at = 0
    while at < len(pattern):
        taken = _next(pattern, at, atoms)
        if taken is None:
            return None
        at = taken
    return atoms


def _next(pattern: str, at: int, atoms: list[_Atom]) -> int | None:
    """Append the atom that stands at `at`, or change the last one; returns where the next one begins."""
    char = pattern[at]
    if char == "*":
        both = pattern.startswith("**", at)
        atoms.append(_Atom(but_slash=not both, optional=True, many=True))
        return at + (2 if both else 1)
    if char in "?+":
        return _repeat(char, at, atoms)
    if char == "[":
        return _class(pattern, at, atoms)
    if char == "\\" and at + 1 < len(pattern):
        at += 1
    atoms.append(_Atom(chars=frozenset(pattern[at])))
    return at + 1


def _repeat(char: str, at: int, atoms: list[_Atom]) -> int | None:
    if not atoms:
        return None
    atoms[-1] = replace(atoms[-1], optional=True) if char == "?" else replace(atoms[-1], many=True)
    return at + 1


def _class(pattern: str, at: int, atoms: list[_Atom]) -> int | None:
    found = _CLASS.match(pattern, at)
    if found is None or found[1]:
        return None
    ranges = re.findall(r"(.)-(.)|(.)", found[2], re.DOTALL)
    chars = (map(chr, range(ord(low), ord(high) + 1)) if low else (one,) for low, high, one in ranges)
    atoms.append(_Atom(chars=frozenset(char for some in chars for char in list(some)[:200])))
    return found.end() if atoms[-1].chars else None
