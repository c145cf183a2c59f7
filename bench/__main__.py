"""`./run bench [NAME...]`: measures, prints, and writes docs/performance.md with its picture and its figures anew.

NAME: check, fleet, libraries, redaction; without one all of them. `--quick` measures less and writes nothing.
`--json` prints the key figures as one object on stdout. `--guard` fails where a figure is twice as bad as its goal.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.contenders import WorkNotDoneError
from bench.goals import goals
from bench.measure_check import QUICK, WHOLE, measure_check
from bench.measure_fleet import QUICK as FEW
from bench.measure_fleet import WHOLE as MANY
from bench.measure_fleet import measure_fleet
from bench.measure_libraries import measure_libraries
from bench.measure_redaction import QUICK_BYTES, WHOLE_BYTES, measure_redaction
from bench.pages import PageError, charts, goals_table, written
from bench.plot import drawn
from bench.results import Results, read_results
from bench.site import Site, site
from lab.errors import LabError
from lab.lab import Lab

NAMES = ("check", "fleet", "libraries", "redaction")
_DOCS = Path(__file__).parents[1] / "docs"
_PAGE, _FIGURES = _DOCS / "performance.md", _DOCS / "performance.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: measured (with --guard: and nothing slipped), 1: not, 2: usage."""
    options = _options(arguments)
    try:
        measured = _measured(options.names or NAMES, quick=options.quick)
    except (LabError, WorkNotDoneError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if not options.quick:
        _keep(measured)
    print(json.dumps(measured.key_figures(), indent=1) if options.json else goals_table(goals(measured)))
    slipped = [goal for goal in goals(measured) if goal.slipped]
    for goal in slipped:
        _say(f"slipped: {goal.words}: {goal.figure:.2f}{goal.unit} (promised {goal.limit:g}{goal.unit})")
    return 1 if slipped and options.guard else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer goes, two distances; nothing is written")
    parser.add_argument("--json", action="store_true", help="print the key figures for programs")
    parser.add_argument("--guard", action="store_true", help="fail where a figure is twice as bad as its goal")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(NAMES)):
        parser.error(f"no such measurement: {', '.join(unknown)}")
    return options


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _measured(names: Sequence[str], *, quick: bool) -> Results:
    """Each named measurement; the lab is brought up for those that need one."""
    with ExitStack() as stack:
        place = _place(stack) if set(names) - {"redaction"} else None
        return Results(
            check=measure_check(place, QUICK if quick else WHOLE, _say) if place and "check" in names else None,
            fleet=measure_fleet(place, FEW if quick else MANY, _say) if place and "fleet" in names else None,
            libraries=measure_libraries(place, _say) if place and "libraries" in names else None,
            redaction=measure_redaction(QUICK_BYTES if quick else WHOLE_BYTES, _say) if "redaction" in names else None,
        )


def _place(stack: ExitStack) -> Site:
    lab = stack.enter_context(Lab.temporary(log=_say))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ghcr-audit-bench-")))
    return stack.enter_context(site(lab, folder))


def _keep(measured: Results) -> None:
    """Write down what was measured; what was not stays as it was."""
    kept = read_results(_FIGURES).model_copy(update=_new(measured))
    page = written(_PAGE.read_text(encoding="utf-8"), kept)
    _FIGURES.write_text(kept.model_dump_json(indent=1) + "\n", encoding="utf-8")
    _PAGE.write_text(page, encoding="utf-8")
    for chart in charts(kept):
        (_DOCS / f"{chart.name}.svg").write_text(drawn(chart) + "\n", encoding="utf-8")


def _new(measured: Results) -> dict[str, object]:
    return {name: found for name in NAMES if (found := getattr(measured, name)) is not None}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (PageError, OSError) as error:
        sys.exit(f"bench: {error}")
