"""What `ghcr-audit doctor` says of one thing that it looked at."""

from collections.abc import Iterator
from enum import StrEnum

from ghcr_audit.evidence import Value


class Sign(StrEnum):
    """How a line ends."""

    GOOD = "good"
    NOTE = "note"
    """Not there, and not needed for what is configured."""
    WRONG = "wrong"


class Line(Value):
    """One thing that was looked at; `todo` says what to do when it is not good."""

    sign: Sign
    what: str
    found: str
    todo: str = ""


class Checkup(Value):
    """Everything that was looked at."""

    lines: tuple[Line, ...]

    @property
    def exit_code(self) -> int:
        """1 when something is wrong."""
        return int(bool(self.count(Sign.WRONG)))

    def count(self, sign: Sign) -> int:
        """How many lines end so."""
        return sum(line.sign is sign for line in self.lines)


Part = tuple[str, Iterator[Line]]
"""What belongs together, under its title; a line is looked at when it is asked for."""


def looked(what: str, found: str, todo: str, *, good: bool, otherwise: Sign = Sign.WRONG) -> Line:
    """A line that is good, or else ends with what to do."""
    return Line(sign=Sign.GOOD if good else otherwise, what=what, found=found, todo="" if good else todo)
