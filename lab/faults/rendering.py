"""The matrix as text: a table, what was lost, why a cell is not applicable, and how long restoring took."""

from __future__ import annotations

from collections.abc import Sequence

from lab.faults.fault import ALL_STEPS, Row
from lab.faults.result import Ending, Result, figures

_NOT_RUN = "-"


def table(faults: Sequence[Row], results: Sequence[Result], steps: Sequence[str] = ALL_STEPS) -> str:
    """One line per fault, one column per step: how it ended, and how long restoring took."""
    known = {one.key: one for one in results}
    rows = [("fault", *steps)]
    rows += [(fault.name, *(_cell(fault, step, known) for step in steps)) for fault in faults]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join((lines[0], "  ".join("-" * width for width in widths), *lines[1:])) + "\n"


def _cell(fault: Row, step: str, known: dict[tuple[str, str], Result]) -> str:
    if step not in fault.steps:
        return Ending.NOT_APPLICABLE.value
    found = known.get((fault.name, step))
    if found is None:
        return _NOT_RUN
    took = f" {found.restored_s:.1f} s" if found.ending is Ending.RESTORED and found.restored_s is not None else ""
    return f"{found.ending.value}{took}"


def legend(faults: Sequence[Row]) -> str:
    """What each fault is, and where it cannot be."""
    lines = []
    for fault in faults:
        lines.append(f"{fault.name}: {fault.told}")
        if fault.because:
            lines.append(f"  n.a. at the other steps: {fault.because}")
    return "\n".join(lines) + "\n"


def trouble(results: Sequence[Result]) -> str:
    """Of what was lost or missed: everything that is known."""
    lines = []
    for one in results:
        if one.ending in (Ending.LOST, Ending.MISSED):
            lines.append(f"{one.ending.value}: {one.fault} {one.step}".rstrip())
            lines += [f"  {word}" for word in (*one.differs, *one.told)]
    return "".join(f"{line}\n" for line in lines)


def summary(results: Sequence[Result]) -> str:
    """How many ended how, and how long restoring took."""
    counts = {ending: sum(one.ending is ending for one in results) for ending in Ending}
    counted = ", ".join(f"{count} {ending.value}" for ending, count in counts.items() if count)
    took = figures(results)
    return f"{len(results)} run: {counted or 'none'}\n" + (f"restored {took}\n" if took else "")


def progress(result: Result, number: int, of: int) -> str:
    """One line while it goes on."""
    took = f", restored in {result.restored_s:.1f} s" if result.restored_s is not None else ""
    who = f" by {result.by.value}" if result.by is not None else ""
    name = f"{result.fault} {result.step}".rstrip()
    return f"{number}/{of}  {name}: {result.ending.value}{who} ({result.wall_s:.1f} s{took})"
