"""The dead man's switch of a drill: a scheduled run of `recover` that is pushed ahead for as long as the drill lives.

When worker and flow are killed, nobody pushes it any more: it comes due, and any worker of the pool runs it.
"""

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import get_current_settings
from prefect.states import Crashed, Scheduled

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.recover import Outcome, Recovery

RECOVER_DEPLOYMENT = "recover/recover"
SERVER_ERRORS = (httpx.HTTPError, PrefectHTTPStatusError, ObjectNotFound)
_SLACK_S = 10
"""So long after the lease has expired it comes due."""
_SOONEST_S = 20
"""A worker takes a run 10 s before it is due: one that is pushed in time must not be taken."""
_PUSH_EVERY_S = 4


@contextmanager
def watched(target: str, *, lease_s: float, over: Callable[[], bool]) -> Iterator[None]:
    """Keep a run of `recover` ahead. In the end it is deleted where the drill is `over`, else it comes due."""
    after_s = max(lease_s + _SLACK_S, _SOONEST_S)
    run = recover_later(target, after_s)
    done = threading.Event()
    if run is not None:
        context = contextvars.copy_context()
        arguments = (_push, run.id, after_s, done)
        threading.Thread(target=context.run, args=arguments, name=f"watch {target}", daemon=True).start()
    try:
        yield
    finally:
        done.set()
        if run is not None and over():
            _delete(run.id)


def recover_later(target: str, wait_s: float) -> FlowRun | None:
    """Schedule a run of `recover` for this target, where none is scheduled yet; None when there cannot be one.

    Raises nothing: a server that is away is no reason not to go on.
    """
    if get_current_settings().api.url is None:
        return None
    try:
        with get_client(sync_client=True) as client:
            return _scheduled(client, target) or _schedule(client, target, wait_s)
    except SERVER_ERRORS:
        return None


def end_dead_run(found: Recovery) -> None:
    """A run that let its lease expire, and whose host another one restored, is over: the server does not know it yet.

    Nothing where it is over already, or was no run of this server.
    """
    if found.outcome is not Outcome.RESTORED or found.journal is None or get_current_settings().api.url is None:
        return
    try:
        run = UUID(found.journal.run)
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run).state
            if state is not None and not state.is_final():
                crashed: State[None] = Crashed(message=f"its process died in mid-drill, without a word; {found.told}")
                client.set_flow_run_state(run, crashed, force=True)
    except (ValueError, *SERVER_ERRORS):
        return


def _scheduled(client: SyncPrefectClient, target: str) -> FlowRun | None:
    chosen = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[_tag(target)]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
    )
    return next(iter(client.read_flow_runs(flow_run_filter=chosen, limit=1)), None)


def _schedule(client: SyncPrefectClient, target: str, wait_s: float) -> FlowRun:
    deployment = client.read_deployment_by_name(RECOVER_DEPLOYMENT)
    return client.create_flow_run_from_deployment(
        deployment.id, parameters={"target": target, "look": True}, state=_due_in(wait_s), tags=[_tag(target)]
    )


def _push(run: UUID, after_s: float, done: threading.Event) -> None:
    """Until the drill is over, or a worker has taken the run: then that one looks, and comes again by itself."""
    while not done.wait(_PUSH_EVERY_S):
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(run).state
                if state is None or not state.is_scheduled():
                    return
                client.set_flow_run_state(run, _due_in(after_s), force=True)
        except SERVER_ERRORS:
            continue


def _delete(run: UUID) -> None:
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run).state
            if state is not None and state.is_scheduled():
                client.delete_flow_run(run)
    except SERVER_ERRORS:
        return  # it comes due, and finds nothing to do


def _due_in(wait_s: float) -> "State[None]":
    return Scheduled(scheduled_time=utc_now() + timedelta(seconds=wait_s))


def _tag(target: str) -> str:
    return f"recovers:{target}"
