"""The other table: a drill as a Prefect run, and what of Prefect dies, hangs or is cancelled meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from prefect.states import Cancelling

from deployments.processes import children
from ghcr_audit.drill.journal import Step
from lab.faults.sameness import leftovers_on_host
from lab.faults.site import Site
from lab.served import Served

SUSPENDED: Final = "suspended"
"""The one place beside the journal's steps: the run waits for a credential, and no drill has begun."""
_STEPS: Final = (Step.BEGUN.value, Step.DEPLOYING.value, Step.ROLLING_BACK.value, Step.RESTORING.value)
_SHORT: Final = "closing takes half a second: the table without Prefect has it"
_SECOND = "worker-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A run that has come to the step, and all that it runs in."""

    served: Served
    site: Site
    run: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefectFault:
    """What is done to it, and how the run must end."""

    name: str
    told: str
    act: Callable[[Strike], None]
    states: tuple[str, ...] = ()
    """By name; empty where any end will do."""
    says: str = ""
    """With these words in its message."""
    steps: tuple[str, ...] = _STEPS
    because: str = _SHORT


def kill_flow(strike: Strike) -> None:
    """Its worker sees that."""
    for process in children(strike.served.stack.pid("worker")):
        os.kill(process, signal.SIGKILL)


def kill_worker(strike: Strike) -> None:
    """Its flow goes on without the reader of its output. Another worker starts at once, as `./run serve` sees to."""
    os.kill(strike.served.stack.pid("worker"), signal.SIGKILL)
    strike.served.stack.start_worker()


def kill_worker_and_flow(strike: Strike) -> None:
    """The worker first: it must not see its flow end."""
    stack = strike.served.stack
    worker = stack.pid("worker")
    processes = children(worker)
    os.kill(worker, signal.SIGKILL)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    stack.start_worker()


def cancel(strike: Strike) -> None:
    """From the API, as the button of the UI does."""
    with strike.served.client() as client:
        client.set_flow_run_state(strike.run, Cancelling())


def restart_server(strike: Strike) -> None:
    """It is away for a few seconds, and comes back on the same database."""
    stack = strike.served.stack
    stack.stop("server")
    stack.start_server()
    stack.wait_for_server()


def sleep_and_wake(strike: Strike) -> None:
    """Worker and flow are stopped as by a machine that sleeps; another worker recovers; then they go on."""
    stack = strike.served.stack
    worker = stack.pid("worker")
    asleep = [worker, *children(worker)]
    for process in asleep:
        os.kill(process, signal.SIGSTOP)
    try:
        stack.start_worker(_SECOND)
        await_clean(strike)
    finally:
        for process in asleep:
            os.kill(process, signal.SIGCONT)
        stack.stop(_SECOND)


def await_clean(strike: Strike, within_s: float = 90) -> bool:
    """Until nothing of a drill is left on the host, or the time is over."""
    deadline = time.monotonic() + within_s
    while left := leftovers_on_host(strike.site.lab, strike.site.place):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2 * len(left[:1]))
    return True


PREFECT_FAULTS: Final = (
    PrefectFault(name="flow-killed", told="the flow's process is killed", act=kill_flow, states=("Crashed",)),
    PrefectFault(name="worker-killed", told="the worker is killed, and its flow's process is not", act=kill_worker),
    PrefectFault(
        name="worker-and-flow-killed",
        told="the worker and the flow's process are killed",
        act=kill_worker_and_flow,
        states=("Crashed",),
        says="its process died in mid-drill",
    ),
    PrefectFault(
        name="cancelled",
        told="the run is cancelled",
        act=cancel,
        states=("Cancelled",),
        steps=(*_STEPS, SUSPENDED),
    ),
    PrefectFault(name="server-restart", told="the server is stopped and started", act=restart_server),
    PrefectFault(
        name="zombie",
        told="worker and flow sleep, another worker's recover restores, and they wake up",
        act=sleep_and_wake,
    ),
)
COLUMNS: Final = (*_STEPS, SUSPENDED)
