"""What Prefect adds to an audit: a flow run in mode observe beside `ghcr-audit check`, interleaved, in a warm worker.

The server runs with its access log on, which says how many requests a run causes. Imported by whoever measures this
alone: it brings Prefect with it.
"""

import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from uuid import UUID

from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from bench.access_log import MARK, requests
from bench.contenders import WorkNotDoneError
from bench.figures import spread
from bench.machine import load, machine
from bench.results import OrchestrationResult, Stage
from deployments.processes import children
from lab.lab import Lab
from lab.served import LIMIT_S, Served, served

WHOLE, QUICK = 7, 2
_LOOK_EVERY_S = 0.1
_WARM_UPS = 1
_LAST_LINES_S = 0.5
"""What the worker still tells when a run's process has ended."""

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One flow run: its seconds by the server's record, what they consist of, and what was asked of the server."""

    seconds: float
    stages: tuple[Stage, ...]
    asked: "Counter[str]"

    @property
    def words(self) -> str:
        return f"flow {self.seconds:.2f} s, {self.asked.total()} requests"


def measure_orchestration(lab: Lab, folder: Path, rounds: int, log: Log) -> OrchestrationResult:
    """Checks and flow runs in turn, then one that is suspended; `folder` is empty and is filled.

    Raises:
        WorkNotDoneError: a check or a run did not come to its verdict.
    """
    before = load()
    with served(lab, folder, settings={"PREFECT_SERVER_LOGGING_LEVEL": "INFO"}) as audits:
        checks, runs = [], []
        for number in range(rounds + _WARM_UPS):
            checks.append(_check_s(audits))
            runs.append(_run(audits))
            warm = "" if number >= _WARM_UPS else " (warming up)"
            log(f"orchestration: check {checks[-1]:.2f} s, {runs[-1].words}{warm}")
        checks, runs = checks[_WARM_UPS:], runs[_WARM_UPS:]
        processes = _while_suspended(audits)
    return OrchestrationResult(
        check_s=spread(checks),
        flow_s=spread([one.seconds for one in runs]),
        stages=_typical(runs),
        requests=tuple(one.asked.total() for one in runs),
        request_kinds=dict(runs[-1].asked.most_common()),
        suspended_processes=processes,
        machine=machine(load_before=before),
    )


def _check_s(audits: Served) -> float:
    program = str(Path(sys.executable).with_name("ghcr-audit"))
    words = (program, "check", "observer", "--tag", audits.lab.releases.running, "--quiet")
    began = time.perf_counter()
    done = subprocess.run(words, env=audits.stack.environment(), capture_output=True, timeout=LIMIT_S, check=False)
    if done.returncode:
        raise WorkNotDoneError(f"check: exit code {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
    return time.perf_counter() - began


def _run(audits: Served) -> _Run:
    """One run of the deployment, from its trigger until its process has ended."""
    known = len(audits.log("server"))
    run = audits.trigger(tag=audits.lab.releases.running, mode="observe")
    state = _ended(audits, run)
    if not state.startswith("Passed"):
        raise WorkNotDoneError(f"flow run: {state}; worker log:\n{audits.log('worker')[-2000:]}")
    _await_no_process(audits)
    time.sleep(_LAST_LINES_S)
    asked = requests(audits.log("server")[known:].splitlines())
    return _recorded(audits, run, asked)


def _ended(audits: Served, run: UUID) -> str:
    """The name of its final state. Asked with a mark, so that it is known whose requests these are."""
    address = f"{audits.stack.api_url}/flow_runs/{run}?{MARK}"
    for _ in _until(LIMIT_S):
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - an http address of our own
            told = json.load(answer)
        if told["end_time"] is not None:
            return str(told["state"]["name"])
    raise WorkNotDoneError(f"flow run {run}: did not end in {LIMIT_S} s")


def _await_no_process(audits: Served) -> None:
    for _ in _until(LIMIT_S):
        if not children(audits.stack.pid("worker")):
            return
    raise WorkNotDoneError("the worker still has a process although its run has ended")


def _until(limit_s: float) -> Iterator[None]:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        yield
        time.sleep(_LOOK_EVERY_S)


def _recorded(audits: Served, run: UUID, asked: "Counter[str]") -> _Run:
    with audits.client() as client:
        flow = client.read_flow_run(run)
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run])))
    if flow.start_time is None or flow.end_time is None:
        raise WorkNotDoneError(f"flow run {run}: the server records no beginning or end of it")
    spans = sorted((one.start_time, one.end_time, one.name) for one in tasks if one.start_time and one.end_time)
    return _Run(
        seconds=(flow.end_time - flow.start_time).total_seconds(),
        stages=tuple(_stages(flow.start_time, flow.end_time, spans)),
        asked=asked,
    )


def _stages(start: datetime, end: datetime, spans: Sequence[tuple[datetime, datetime, str]]) -> Iterator[Stage]:
    """Each task, and the time without one before, between and after them."""
    yield Stage(name="before the first task", seconds=(spans[0][0] - start).total_seconds())
    for began, ended, name in spans:
        yield Stage(name=f"`{name.rpartition('-')[0]}`", seconds=(ended - began).total_seconds())
    between = sum((after[0] - one[1]).total_seconds() for one, after in pairwise(spans))
    yield Stage(name="between tasks", seconds=between)
    yield Stage(name="after the last task", seconds=(end - spans[-1][1]).total_seconds())


def _typical(runs: Sequence[_Run]) -> tuple[Stage, ...]:
    """The median of each part."""
    names = [stage.name for stage in runs[0].stages]
    seconds = {name: [s.seconds for one in runs for s in one.stages if s.name == name] for name in names}
    return tuple(Stage(name=name, seconds=round(median(seconds[name]), 3)) for name in names)


def _while_suspended(audits: Served) -> int:
    """How many processes a run has that waits for a credential, once the one that began it had time to leave."""
    with _refused(audits.lab):
        state = audits.settled(audits.trigger())
        if state.name != "Suspended":
            raise WorkNotDoneError(f"with a refused credential: the run is {state.name} (expected Suspended)")
        deadline = time.monotonic() + LIMIT_S
        while (left := len(children(audits.stack.pid("worker")))) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        audits.cancel_waiting_runs()
        return left


@contextmanager
def _refused(lab: Lab) -> Iterator[None]:
    """The host's credential is refused meanwhile."""
    lab.store_credential(lab.tokens.gh_oauth)
    try:
        yield
    finally:
        lab.store_credential(lab.tokens.good)
