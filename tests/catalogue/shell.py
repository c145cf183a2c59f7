"""What the host programs say when they refuse: sentences that stand in claims and errors, behind `refused: `."""

import re
from collections.abc import Iterator

_REFUSALS = re.compile(r"""\brefuse (?:'([^']*)'|"([^"]*)")""")
_VALUE = re.compile(r"\$\{?([A-Za-z_0-9]+)(?::-[^}]*)?\}?")


def refusals(program: str) -> Iterator[str]:
    """The templates of a shell program's refusals; a variable is a place, called as it is."""
    for plain, quoted in _REFUSALS.findall(program):
        if quoted and "$(" not in quoted:
            yield _VALUE.sub(_place, quoted)
        elif plain:
            yield plain


def _place(found: re.Match[str]) -> str:
    name = found[1]
    return "{" + (f"value{name}" if name.isdigit() else name) + "}"
