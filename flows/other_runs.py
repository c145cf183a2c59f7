"""What a run knows of other runs, and of its own fate while it is paused: asked of the Prefect server."""

import _thread
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectHTTPStatusError
from prefect.runtime import flow_run

_LIVING = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED]
_LOOK_EVERY_S = 5


def announce_waiting(target: str) -> None:
    """Tell other runs, by a tag of this one, that it waits or is about to wait for a credential of the target."""
    with get_client(sync_client=True) as client:
        known = client.read_flow_run(UUID(str(flow_run.id)))
        client.update_flow_run(known.id, tags={*known.tags, _tag(target)})


def other_waiting_run(target: str) -> str | None:
    """The name of another run that waits for the same target's credential, or is about to and is older."""
    chosen = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[_tag(target)]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_LIVING)),
    )
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=chosen, limit=200)
    own = next((run for run in runs if str(run.id) == str(flow_run.id)), None)
    others = (run for run in runs if run is not own)
    return next((run.name for run in others if _is_waiting(run) or own is None or _age(run) < _age(own)), None)


@contextmanager
def ending_when_cancelled(run: str) -> Iterator[None]:
    """While a paused run polls, look whether it was cancelled meanwhile; then interrupt this process's main thread.

    Prefect's own poll goes on until its time is up, and would then go on with the flow.
    """
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(UUID(run), done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()


def _watch(run: UUID, done: threading.Event) -> None:
    while not done.wait(_LOOK_EVERY_S):
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(run).state
        except (httpx.HTTPError, PrefectHTTPStatusError):
            continue  # the server is away for a moment
        if state is not None and (state.is_final() or state.is_cancelling()) and not done.is_set():
            _thread.interrupt_main()
            return


def _is_waiting(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_paused()


def _age(run: FlowRun) -> tuple[str, str]:
    """The older, the smaller: by creation, then by id."""
    return (run.created.isoformat() if run.created else "", str(run.id))


def _tag(target: str) -> str:
    return f"waits-for-credential:{target}"
