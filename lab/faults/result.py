"""What became of the host in one cell or schedule, and the file of such results: JSON lines, appended as they come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.errors import LabError


class Ending(StrEnum):
    """How it ended."""

    RESTORED = "restored"
    """The host is the same, healthy, and nothing of the drill is left."""
    REFUSED = "refused"
    """The same, and the service was never touched: the drill named what forbade it."""
    NOT_APPLICABLE = "n.a."
    MISSED = "missed"
    """The drill never came to that step: nothing is proved."""
    LOST = "LOST"


class By(StrEnum):
    """Who brought the host back."""

    DRILL = "drill"
    RECOVER = "recover"
    TIMER = "timer"
    PREFECT = "Prefect"
    """The run itself, a hook of its worker, or the watch: whoever came first."""


class Result(BaseModel):
    """One cell: a fault at a step. Of a schedule, `fault` is its name and `step` empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: str
    step: str
    ending: Ending
    by: By | None = None
    verdict: str = ""
    """What the drill itself said at its end; empty when it was in no state to."""
    differs: tuple[str, ...] = ()
    """What is not as it was, or was left behind."""
    told: tuple[str, ...] = ()
    wall_s: float = 0
    restored_s: float | None = None
    """From the fault's end until the host was seen to be the same."""
    store: str = ""
    at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Its place in the table."""
        return (self.fault, self.step)


def read_results(file: Path) -> list[Result]:
    """The results in this file; of one cell the last. A line that was cut while it was written is left out.

    Raises:
        LabError: another line is no result.
    """
    if not file.exists():
        return []
    *whole, last = file.read_text(encoding="utf-8").split("\n")
    try:
        found = [Result.model_validate_json(line) for line in whole]
    except ValidationError as error:
        raise LabError(f"{file}: read: not a file of results: {error.errors()[0]['msg']}") from None
    if last:
        file.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
    return list({one.key: one for one in found}.values())


def append_result(file: Path, result: Result) -> None:
    """One more line."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{result.model_dump_json()}\n")


def restorations(results: Iterable[Result]) -> list[float]:
    """How long restoring took, in seconds, shortest first; of those in which something had to be restored."""
    return sorted(
        one.restored_s for one in results if one.ending is Ending.RESTORED and one.restored_s is not None and one.by
    )


def figures(results: Sequence[Result]) -> str:
    """Median and worst restoration, by who restored."""
    return "; ".join(
        f"by {who.value}: {len(took)}, median {median(took):.1f} s, worst {max(took):.1f} s"
        for who in By
        if (took := restorations(one for one in results if one.by is who))
    )


def seconds(value: float) -> float:
    """Rounded for the record."""
    return math.floor(value * 10 + 0.5) / 10
