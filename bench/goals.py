"""What was promised, and whether it is kept."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.results import CheckResult, FleetResult, RedactionResult, Results

MARGIN = 2.0
"""How far beyond its goal a figure may be on a machine that nobody knows before it counts as a slip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One promise: a figure, and the most (or the least) that it may be."""

    words: str
    figure: float
    limit: float
    at_least: bool = False
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def slipped(self) -> bool:
        """Whether it is missed by so much that no other machine explains it."""
        return self.figure * MARGIN < self.limit if self.at_least else self.figure > self.limit * MARGIN


def goals(results: Results) -> tuple[Goal, ...]:
    """Every promise of which something was measured."""
    found: list[Goal] = []
    if results.check:
        found.extend(_check(results.check))
    if results.fleet:
        found.extend(_fleet(results.fleet))
    if results.redaction:
        found.extend(_redaction(results.redaction))
    return tuple(found)


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
    yield Goal(words="interpreter and imports of one `check`", figure=result.start_s, limit=0.5, unit=" s")


def _fleet(result: FleetResult) -> Iterator[Goal]:
    yield Goal(words="client CPU for each added host", figure=result.cpu_ms_per_host, limit=15, unit=" ms")
    yield Goal(words="memory for 100 hosts beyond one", figure=result.peak_mb_at_100, limit=40, unit=" MB")


def _redaction(result: RedactionResult) -> Iterator[Goal]:
    figure = result.mb_per_cpu_s["container_log"]
    yield Goal(words="redaction of container logs", figure=figure, limit=20, at_least=True, unit=" MB per CPU second")
