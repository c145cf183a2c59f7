"""`./run bench [NAME...]`: measures, prints, and writes docs/performance.md with its picture and its figures anew.

NAME: check, fleet, libraries, redaction, orchestration, drill; without one all of these. `fleet-prefect` is measured
where it is named: it takes half an hour. `--quick` measures less and writes nothing. `--json` prints the key figures as
one object on stdout. `--guard` fails where a ratio is twice as bad as promised, and again when it is measured once
more; it writes nothing, and needs no other contender than ssh.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.contenders import WorkNotDoneError
from bench.goals import Goal, goals, slips
from bench.measure_check import GUARD, QUICK, WHOLE, measure_check
from bench.measure_fleet import QUICK as FEW
from bench.measure_fleet import WHOLE as MANY
from bench.measure_fleet import measure_fleet
from bench.measure_redaction import QUICK_BYTES, WHOLE_BYTES, measure_redaction
from bench.pages import PageError, charts, goals_table, written
from bench.plot import drawn
from bench.results import (
    DrillResult,
    LibrariesResult,
    OrchestrationResult,
    PrefectFleetResult,
    Results,
    read_results,
)
from bench.site import Site, site
from lab.errors import LabError
from lab.lab import Lab

NAMES = ("check", "fleet", "libraries", "redaction", "orchestration", "drill")
_NEEDS_OTHERS = "libraries"
_TAKES_LONG = "fleet-prefect"
_FEW_TARGETS = 20
_DOCS = Path(__file__).parents[1] / "docs"
_PAGE, _FIGURES = _DOCS / "performance.md", _DOCS / "performance.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: measured (with --guard: and nothing slipped), 1: not, 2: usage."""
    options = _options(arguments)
    names = options.names or tuple(name for name in NAMES if name != _NEEDS_OTHERS or not options.guard)
    try:
        measured, slipped = _guarded(names) if options.guard else (_measured(names, quick=options.quick), ())
    except (LabError, WorkNotDoneError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if not (options.quick or options.guard):
        _keep(measured)
    print(json.dumps(measured.key_figures(), indent=1) if options.json else goals_table(goals(measured)))
    return verdict(slipped) if options.guard else 0


def verdict(slipped: Sequence[Goal]) -> int:
    """The exit code for these slips, each of which is told in a line of its own."""
    for goal in slipped:
        _say(f"bench: {goal.words_of_slip}")
    _say(f"bench: {len(slipped)} slipped" if slipped else "bench: nothing slipped")
    return 1 if slipped else 0


def _guarded(names: Sequence[str]) -> tuple[Results, tuple[Goal, ...]]:
    """What was measured, and what slipped twice: a machine that was busy for a moment is given a second chance."""
    measured = _measured(names, quick=True, guard=True)
    if not slips(measured):
        return measured, ()
    for goal in slips(measured):
        _say(f"bench: {goal.words_of_slip}; measuring once more")
    again = _measured(names, quick=True, guard=True)
    first = {goal.words for goal in slips(measured)}
    return again, tuple(goal for goal in slips(again) if goal.words in first)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"what to measure: {', '.join(NAMES)} (default: all these), {_TAKES_LONG}",
    )
    parser.add_argument("--quick", action="store_true", help="fewer goes, two distances; nothing is written")
    parser.add_argument("--json", action="store_true", help="print the key figures for programs")
    parser.add_argument("--guard", action="store_true", help="fail where a ratio is twice as bad as promised")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - {*NAMES, _TAKES_LONG}):
        parser.error(f"no such measurement: {', '.join(unknown)}")
    if options.guard and _NEEDS_OTHERS in options.names:
        parser.error(f"--guard measures against ssh alone: not {_NEEDS_OTHERS}")
    return options


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _measured(names: Sequence[str], *, quick: bool, guard: bool = False) -> Results:
    """Each named measurement; the lab is brought up for those that need one."""
    with ExitStack() as stack:
        place = _place(stack) if set(names) - {"redaction"} else None
        redaction_bytes = QUICK_BYTES if quick else WHOLE_BYTES
        plan = GUARD if guard else QUICK if quick else WHOLE
        return Results(
            check=measure_check(place, plan, _say) if place and "check" in names else None,
            fleet=measure_fleet(place, FEW if quick else MANY, _say) if place and "fleet" in names else None,
            libraries=_libraries(place) if place and "libraries" in names else None,
            redaction=measure_redaction(redaction_bytes, _say) if "redaction" in names else None,
            orchestration=_orchestration(place, quick=quick) if place and "orchestration" in names else None,
            drill=_drill(place, quick=quick) if place and "drill" in names else None,
            fleet_prefect=_fleet_prefect(place, quick=quick) if place and _TAKES_LONG in names else None,
        )


def _libraries(place: Site) -> LibrariesResult:
    from bench.measure_libraries import measure_libraries  # needs the opponents' environment

    return measure_libraries(place, _say)


def _orchestration(place: Site, *, quick: bool) -> OrchestrationResult:
    from bench import measure_orchestration as flows  # brings Prefect

    folder = place.folder / "orchestration"
    folder.mkdir()
    return flows.measure_orchestration(place.lab, folder, flows.QUICK if quick else flows.WHOLE, _say)


def _drill(place: Site, *, quick: bool) -> DrillResult:
    from bench import measure_drill as drills  # with the drill's own modules

    return drills.measure_drill(place, drills.QUICK if quick else drills.WHOLE, _say)


def _fleet_prefect(place: Site, *, quick: bool) -> PrefectFleetResult:
    from bench import measure_prefect_fleet as fleets  # brings Prefect

    folder = place.folder / "fleet-prefect"
    folder.mkdir()
    return fleets.measure_prefect_fleet(place.lab, folder, _FEW_TARGETS if quick else fleets.WHOLE, _say)


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
    return {name: found for name in Results.model_fields if (found := getattr(measured, name)) is not None}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (PageError, OSError) as error:
        sys.exit(f"bench: {error}")
