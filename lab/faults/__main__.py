"""`python -m lab.faults`: drills under faults at every step of theirs. Exit code 0 only if no host was lost."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import get_args

from deployments.stack import StackError
from ghcr_audit.drill.journal import Step
from lab.errors import LabError
from lab.faults.fault import Fault
from lab.faults.load import load
from lab.faults.matrix import Job, Wishes, cells, lost, prefect_cells, run_all, schedules, served_lab
from lab.faults.prefect_table import COLUMNS, PREFECT_FAULTS, PrefectFault
from lab.faults.rendering import legend, summary, table, trouble
from lab.faults.result import Result, read_results
from lab.faults.schedule import schedule_of
from lab.faults.table import FAULTS
from lab.lab import Lab
from lab.served import Served
from lab.state import Store


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print the tables. Progress goes to stderr.

    Returns 0: no host was lost; 1: one was, or a cell has proved nothing; 2: usage.
    """
    options = _parser().parse_args(argv)
    if options.list:
        print(legend(FAULTS), legend(PREFECT_FAULTS), sep="\n", end="")
        return 0
    signal.signal(signal.SIGTERM, _interrupted)  # a lab that is up is taken down first
    try:
        return _load(options) if options.load else _run(options)
    except (LabError, StackError) as error:
        print(error, file=sys.stderr)
        return 1


def _interrupted(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _load(options: argparse.Namespace) -> int:
    with served_lab(options.store, _say) as audits:
        found = load(audits, options.load, limit=options.at_once)
    print(found)
    return 0 if found.none_lost else 1


def _run(options: argparse.Namespace) -> int:
    file = options.resume or _new_file()
    before = [] if options.again else read_results(file)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    plan = _planned(options, before, seed)
    wishes = Wishes(file=file, until=time.monotonic() + options.minutes * 60, log=_say)
    seeded = f"; seed {seed}" if options.schedules else ""
    _say(f"{len(plan.drills)} drills and {len(plan.runs)} runs of Prefect; results: {file}{seeded}")
    run_all(plan.drills, wishes, lambda: Lab.temporary(options.store, _say))
    run_all(plan.runs, wishes, lambda: served_lab(options.store, _say))
    return _tell(plan, options.steps, read_results(file))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which faults are shown, and what is left to be done of them."""

    faults: Sequence[Fault]
    prefect_faults: Sequence[PrefectFault]
    drills: Sequence[Job[Lab]]
    runs: Sequence[Job[Served]]


def _planned(options: argparse.Namespace, before: Sequence[Result], seed: int) -> Plan:
    chosen = [one for one in FAULTS if not options.only or one.name in options.only]
    of_prefect = [one for one in PREFECT_FAULTS if one.name in options.only or not (options.only or options.no_prefect)]
    columns = [step for step in COLUMNS if step not in list(Step) or step in options.steps]
    numbers = range(options.first, options.first + options.schedules)
    return Plan(
        faults=chosen,
        prefect_faults=of_prefect,
        drills=[
            *([] if options.no_table else cells(chosen, options.steps, before)),
            *schedules([schedule_of(seed, number, FAULTS) for number in numbers], before),
        ],
        runs=[] if options.no_table else prefect_cells(of_prefect, columns, before),
    )


def _tell(plan: Plan, steps: Sequence[Step], results: Sequence[Result]) -> int:
    rows, of_prefect = ({one.name for one in some} for some in (plan.faults, plan.prefect_faults))
    for title, known in (
        (table(plan.faults, results, steps), [one for one in results if one.fault in rows]),
        (table(plan.prefect_faults, results, COLUMNS), [one for one in results if one.fault in of_prefect]),
        ("schedules\n", [one for one in results if not one.step]),
    ):
        if known:
            print(f"{title}\n{trouble(known)}{summary(known)}")
    return 1 if lost(results) or not results else 0


def _new_file() -> Path:
    return Path(tempfile.gettempdir()) / f"ghcr-audit-faults-{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    parser.add_argument("--list", action="store_true", help="tell which faults there are, and do nothing")
    parser.add_argument("--only", type=_faults, default=(), metavar="FAULT,...", help="these faults alone")
    parser.add_argument("--steps", type=_steps, default=tuple(Step), metavar="STEP,...", help="at these steps alone")
    parser.add_argument(
        "--store", choices=get_args(Store), default="containerd", help="the engine's image store (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, help="of the schedules (default: a random one, which is printed)")
    parser.add_argument("--schedules", type=int, default=0, metavar="K", help="so many random sequences of 1-4 faults")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first of them")
    parser.add_argument("--no-table", action="store_true", help="schedules alone")
    parser.add_argument("--no-prefect", action="store_true", help="without the table of Prefect's own deaths")
    parser.add_argument("--load", type=int, default=0, metavar="N", help="queue N audits of one host at once, instead")
    parser.add_argument(
        "--at-once", type=int, default=4, metavar="N", help="of these, so many may run (default: %(default)s)"
    )
    parser.add_argument(
        "--minutes", type=float, default=45, help="begin nothing later than that (default: %(default)g)"
    )
    parser.add_argument("--resume", type=Path, metavar="FILE", help="results to go on with; made where there is none")
    parser.add_argument("--again", action="store_true", help="run also what FILE has already")
    return parser


def _faults(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = sorted(set(names) - {one.name for one in (*FAULTS, *PREFECT_FAULTS)})
    if unknown:
        raise argparse.ArgumentTypeError(f"no such fault: {', '.join(unknown)} (see --list)")
    return names


def _steps(text: str) -> tuple[Step, ...]:
    try:
        return tuple(Step(word) for word in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} (expected of {', '.join(Step)})") from None


if __name__ == "__main__":
    sys.exit(main())
