"""`check` beside the others: the commands of a real check, run by each in its own way, at several distances."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.contenders import Contender, Pace, Taken, Work, contenders, timed
from bench.figures import spread
from bench.machine import load, machine
from bench.results import CheckResult, Timing
from bench.site import Site
from ghcr_audit.adapters import walk
from ghcr_audit.adapters.begin import begin
from ghcr_audit.commands import Command
from ghcr_audit.evidence import Mode

_STARTS = 15
YARDSTICK = (
    "import asyncio, email.mime.text, http.server, logging.config, multiprocessing.pool, sqlite3, unittest.mock, "
    "xml.dom.minidom"
)
"""A program that imports a fixed part of the standard library: how quickly this machine imports anything."""
EVERYTHING = """
import ghcr_audit.cli.main
ghcr_audit.cli.main.start_quickly()
import ghcr_audit.cli.check
import ghcr_audit.adapters.ssh, ghcr_audit.adapters.registry, ghcr_audit.adapters.git_files
ghcr_audit.cli.check._load_judgement()
"""
"""A program that imports what a check of a remote host with a repository imports, at the beginning or later."""
_CHECKOUT = Path(__file__).parents[1]

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often, and how far away."""

    delays_ms: tuple[int, ...]
    rounds: Mapping[Pace, int]


WHOLE = Plan(delays_ms=(0, 20, 50, 100), rounds={Pace.QUICK: 6, Pace.SLOW: 2, Pace.SLOWEST: 1})
QUICK = Plan(delays_ms=(0, 100), rounds={Pace.QUICK: 3, Pace.SLOW: 1, Pace.SLOWEST: 0})
GUARD = Plan(delays_ms=(0, 100), rounds={Pace.QUICK: 5, Pace.SLOW: 0, Pace.SLOWEST: 0})
"""Against `ssh host sh -s` alone, which every machine with a lab has."""


def measure_check(site: Site, plan: Plan, log: Log) -> CheckResult:
    """All contenders, interleaved."""
    before = load()
    site.add_target("bench")
    work = _work(site)
    taking_part = [one for one in contenders(site, work) if plan.rounds[one.pace]]
    for contender in taking_part:
        log(f"check: {contender.name}: {contender.go().wall_s:.2f} s (warming up)")
    timings = tuple(timing for delay in plan.delays_ms for timing in _at(site, delay, plan, taking_part, log))
    counted = {name: _counted(site, contender) for name, contender in _by_name(taking_part[:2]).items()}
    start_s, yardstick_s = _starts_s(site)
    return CheckResult(
        commands=len(work.commands),
        timings=timings,
        connections=len(counted["check"]),
        round_trips=sum(counted["check"]),
        ssh_round_trips=sum(counted["ssh_sh_s"]),
        start_s=round(start_s, 3),
        yardstick_s=round(yardstick_s, 3),
        machine=machine(load_before=before),
    )


def _work(site: Site) -> Work:
    """The very commands that a check of the lab asks its host, and a folder for what they keep in between."""
    made = site.lab.ssh('mktemp -d "$HOME/bench.XXXXXX"')
    audit = begin(str(site.targets / "bench.toml"), site.lab.releases.running, Mode.OBSERVE)
    commands: tuple[Command, ...] = tuple(one for asked in walk.read_only_questions(audit) for one in asked.commands)
    return Work(commands=commands, scratch=made.stdout.decode().strip(), proof=site.user.encode())


def _at(site: Site, delay_ms: int, plan: Plan, taking_part: Sequence[Contender], log: Log) -> Iterator[Timing]:
    """Rounds in which everybody has one go; who begins changes from round to round."""
    site.line.round_trip_s = delay_ms / 1000
    taken: dict[str, list[Taken]] = {contender.name: [] for contender in taking_part}
    for number in range(max(plan.rounds.values())):
        turn = number % len(taking_part)
        for contender in (*taking_part[turn:], *taking_part[:turn]):
            if number < plan.rounds[contender.pace]:
                taken[contender.name].append(contender.go())
    for contender in taking_part:
        goes = taken[contender.name]
        timing = Timing(
            contender=contender.name,
            words=contender.words,
            round_trip_ms=delay_ms,
            wall_s=spread([one.wall_s for one in goes]),
            cpu_s=round(median(one.cpu_s for one in goes), 3),
        )
        log(f"check: {delay_ms:3d} ms: {contender.name:14} {timing.wall_s.median:6.2f} s  (cpu {timing.cpu_s:.2f} s)")
        yield timing


def _by_name(some: Sequence[Contender]) -> dict[str, Contender]:
    return {contender.name: contender for contender in some}


def _counted(site: Site, contender: Contender) -> list[int]:
    """The round trips of each connection that one go made, far away: there nothing is counted that nobody waits for."""
    site.line.round_trip_s = 0.1
    site.line.passages.clear()
    contender.go()
    return [passage.round_trips for passage in site.line.passages]


def _starts_s(site: Site) -> tuple[float, float]:
    """Interpreter and imports of one whole check, and of the yardstick, in processor time; one after the other."""

    def cpu_s(program: str) -> float:
        return timed(site, (sys.executable, "-c", program), folder=_CHECKOUT).cpu_s

    pairs = [(cpu_s(EVERYTHING), cpu_s(YARDSTICK)) for _ in range(_STARTS)]
    return median(ours for ours, _ in pairs), median(other for _, other in pairs)
