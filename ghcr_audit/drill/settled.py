"""How a container fared over the settling window, as the host's drill.sh watched it: Docker's health and the URL's.

Lines `MS STATUS HEALTH RESTARTS HTTP`, one for each change, MS milliseconds since it was first looked; the last one
is `MS VERDICT`. Untrusted and bounded: a line that is none of these is passed over.
"""

import re
from dataclasses import dataclass

from ghcr_audit.evidence import Observation

_MAX_LINES = 5000
_SAMPLE = re.compile(r"([0-9]{1,9}) ([a-z]{1,20}) ([a-z]{1,20}) ([0-9]{1,6}) ?([0-9]{3}|-)?")
_VERDICT = re.compile(r"([0-9]{1,9}) (healthy|not healthy in time|unhealthy|restarts again and again)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was so from this moment on."""

    at_ms: int
    status: str
    health: str
    """Docker's word; `none` where the image has no health check."""
    restarts: int
    http: int | None
    """The URL's HTTP status, 0 for no answer; None when it was not asked."""

    @property
    def docker_healthy(self) -> bool:
        """The container runs, and its health check, if it has one, passes."""
        return self.status == "running" and self.health in ("healthy", "none")

    @property
    def http_healthy(self) -> bool:
        """2xx."""
        return self.http is not None and 200 <= self.http < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """All of one watch; at least one sample."""

    samples: tuple[Sample, ...]
    verdict: str
    ended_ms: int

    @property
    def last(self) -> Sample:
        """What was so in the end."""
        return self.samples[-1]

    @property
    def restarts(self) -> int:
        """How often the container was restarted while it was watched."""
        counts = [sample.restarts for sample in self.samples if sample.status != "absent"]
        return max(counts, default=0) - min(counts, default=0)

    def during_last(self, window_s: int) -> tuple[Sample, ...]:
        """What was so at any moment of the last seconds."""
        begins_ms = self.ended_ms - window_s * 1000
        ends = (*(sample.at_ms for sample in self.samples[1:]), self.ended_ms + 1)
        return tuple(sample for sample, until in zip(self.samples, ends, strict=True) if until > begins_ms)


def settled(observation: Observation | None) -> Settled | None:
    """What was watched; None when it was not, or not to its end."""
    if observation is None or observation.failure is not None or observation.cut:
        return None
    lines = observation.stdout.splitlines()[:_MAX_LINES]
    samples = tuple(_sample(found) for line in lines if (found := _SAMPLE.fullmatch(line.rstrip())))
    ended = _VERDICT.fullmatch(lines[-1]) if lines else None
    if ended is None or not samples:
        return None
    return Settled(samples=samples, verdict=ended[2], ended_ms=int(ended[1]))


def _sample(found: re.Match[str]) -> Sample:
    http = found[5]
    return Sample(
        at_ms=int(found[1]),
        status=found[2],
        health=found[3],
        restarts=int(found[4]),
        http=int(http) if http not in (None, "-") else None,
    )
