"""What was promised, whether it is kept, and what a slip is noticed by on a machine that nobody knows."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.results import CheckResult, DrillResult, FleetResult, OrchestrationResult, RedactionResult, Results

MARGIN = 2.0
"""How far beyond its goal a figure may be on a machine that nobody knows before it counts as a slip."""
_START_TO_YARDSTICK = 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One promise: a figure, and the most (or the least) that it may be."""

    words: str
    figure: float
    limit: float
    at_least: bool = False
    unit: str = ""
    of_this_machine: bool = False
    """A time, which says little of another machine: no slip is seen in it."""

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def slipped(self) -> bool:
        """Whether it is missed by so much that no other machine explains it."""
        return self.figure * MARGIN < self.limit if self.at_least else self.figure > self.limit * MARGIN

    @property
    def words_of_slip(self) -> str:
        """What slipped, in one line."""
        least, most = ("at least", self.limit / MARGIN), ("at most", self.limit * MARGIN)
        bound, value = least if self.at_least else most
        return f"slipped: {self.words}: {self.figure:.2f}{self.unit} ({bound} {value:g}{self.unit} is let pass)"


def goals(results: Results) -> tuple[Goal, ...]:
    """Every promise of which something was measured."""
    found: list[Goal] = []
    if results.check:
        found.extend(_check(results.check))
    if results.fleet:
        found.extend(_fleet(results.fleet))
    if results.redaction:
        found.extend(_redaction(results.redaction))
    if results.orchestration:
        found.extend(_orchestration(results.orchestration))
    if results.drill:
        found.extend(_drill(results.drill))
    if results.fleet_prefect:
        lost = sum(point.failures for point in results.fleet_prefect.points)
        found.append(Goal(words="audits of a fleet through Prefect that came to no verdict", figure=lost, limit=0))
    return tuple(found)


def slips(results: Results) -> tuple[Goal, ...]:
    """What is worse by far than promised, whatever the machine: ratios, counts, and the start beside a yardstick."""
    measured = (*goals(results), *(_starts(results.check) if results.check else ()))
    return tuple(goal for goal in measured if goal.slipped and not goal.of_this_machine)


def _starts(result: CheckResult) -> Iterator[Goal]:
    """No promise to anybody: what interpreter and imports of a check came to where the promise was kept."""
    if result.yardstick_s:
        words = "start of `check`: times that of a part of the standard library"
        yield Goal(words=words, figure=result.start_s / result.yardstick_s, limit=_START_TO_YARDSTICK, unit="×")


def _check(result: CheckResult) -> Iterator[Goal]:
    for delay, limit in ((100, 1.2), (0, 2.0)):
        if (figure := result.times("ssh_sh_s").get(delay)) is not None:
            words = f"`check` at {delay} ms: times `ssh host sh -s`"
            yield Goal(words=words, figure=figure, limit=limit, unit="×")
    for contender, name, limit in (("ansible", "Ansible", 7.0), ("pyinfra", "pyinfra", 3.0)):
        if (times := result.times(contender).get(100)) is not None:
            words = f"`check` at 100 ms: times faster than {name}"
            yield Goal(words=words, figure=1 / times, limit=limit, at_least=True, unit="×")
    yield Goal(words="round trips of one `check`", figure=result.round_trips, limit=12)
    yield Goal(words="connections of one `check`", figure=result.connections, limit=1)
    yield Goal(
        words="interpreter and imports of one `check`",
        figure=result.start_s,
        limit=0.5,
        unit=" s",
        of_this_machine=True,
    )


def _fleet(result: FleetResult) -> Iterator[Goal]:
    yield Goal(
        words="client CPU for each added host",
        figure=result.cpu_ms_per_host,
        limit=15,
        unit=" ms",
        of_this_machine=True,
    )
    yield Goal(words="memory for 100 hosts beyond one", figure=result.peak_mb_at_100, limit=40, unit=" MB")


def _redaction(result: RedactionResult) -> Iterator[Goal]:
    figure = result.mb_per_cpu_s["container_log"]
    yield Goal(
        words="redaction of container logs",
        figure=figure,
        limit=20,
        at_least=True,
        unit=" MB per CPU second",
        of_this_machine=True,
    )


def _orchestration(result: OrchestrationResult) -> Iterator[Goal]:
    yield Goal(
        words="a flow run in mode observe beyond `check`",
        figure=result.overhead_s,
        limit=2,
        unit=" s",
        of_this_machine=True,
    )
    yield Goal(
        words="API requests of the last run: times the first's", figure=result.requests_grown, limit=1.1, unit="×"
    )
    yield Goal(words="processes of a suspended run", figure=result.suspended_processes, limit=0)


def _drill(result: DrillResult) -> Iterator[Goal]:
    words = "rolled back and verified, without the window: times the own deploy command"
    yield Goal(words=words, figure=result.against_deploy, limit=1.2, unit="×")
    yield Goal(
        words="verification of a rollback, beyond the window",
        figure=result.added_s,
        limit=1,
        unit=" s",
        of_this_machine=True,
    )
