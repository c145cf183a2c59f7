"""Many audits of one host queued at once: how many ran side by side, how each ended, and what memory it took."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, FlowRun

from ghcr_audit.verdicts import Verdict
from lab.errors import LabError
from lab.faults.result import seconds
from lab.served import Served

EACH_WITHIN_S = 30
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was seen. Memory is resident memory in MiB of server and worker: at first, and at most in each half."""

    queued: int
    ended: tuple[tuple[str, int], ...]
    """Names of final states, and how many runs ended so."""
    at_once: int
    """The most that ran at the same time."""
    limit: int
    """So many may."""
    wall_s: float
    memory_first: int
    memory_halves: tuple[int, int]

    @property
    def none_lost(self) -> bool:
        """Whether every run has ended with a verdict, and no more ran at the same time than may."""
        judged = sum(count for name, count in self.ended if name in list(Verdict))
        return judged == self.queued and self.at_once <= self.limit

    def __str__(self) -> str:
        ended = ", ".join(f"{count} {name}" for name, count in self.ended)
        first, second = self.memory_halves
        return (
            f"{self.queued} queued: {ended}; at most {self.at_once} of {self.limit} at once; {self.wall_s:.0f} s; "
            f"server and worker {self.memory_first} MiB at first, at most {first} and {second} MiB in the two halves"
        )


def load(audits: Served, count: int, *, limit: int, mode: str = "observe") -> Load:
    """Queue so many runs of the deployment for the one target, and wait until the last has ended.

    `limit`: the deployment's own, which is set to that; what is beyond it waits.

    Raises:
        LabError: they do not end.
    """
    _allow(audits, limit)
    began, memory = time.monotonic(), [_memory(audits)]
    runs = [audits.trigger(mode=mode, wait_hours=0) for _ in range(count)]
    at_once, deadline = 0, began + 60 + count * EACH_WITHIN_S
    while True:
        seen = _seen(audits, runs)
        at_once = max(at_once, sum(one.state is not None and one.state.is_running() for one in seen))
        memory.append(_memory(audits))
        if seen and all(one.state is not None and one.state.is_final() for one in seen):
            break
        if time.monotonic() > deadline:
            raise LabError(f"{count} runs: not over: {Counter(one.state_name for one in seen)}")
        time.sleep(_LOOK_EVERY_S)
    half = len(memory) // 2
    return Load(
        queued=count,
        ended=tuple(sorted(Counter(one.state_name or "" for one in seen).items())),
        at_once=at_once,
        limit=limit,
        wall_s=seconds(time.monotonic() - began),
        memory_first=memory[0],
        memory_halves=(max(memory[:half]), max(memory[half:])),
    )


def _allow(audits: Served, limit: int) -> None:
    options = ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)
    with audits.client() as client:
        deployment = client.read_deployment_by_name("release-audit/release-audit")
        client.update_deployment(deployment.id, DeploymentUpdate(concurrency_limit=limit, concurrency_options=options))


def _seen(audits: Served, runs: list[UUID]) -> list[FlowRun]:
    with audits.client() as client:
        return list(client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=runs)), limit=200))


def _memory(audits: Served) -> int:
    """Resident memory of server and worker, in MiB (proc(5), /proc/PID/status, VmRSS)."""
    return sum(_resident_kib(audits.stack.pid(name)) for name in ("server", "worker")) // 1024


def _resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
