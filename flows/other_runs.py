"""What a run tells of itself to others and knows of them, and of its own fate while it is paused: by the server."""

import _thread
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import httpx
from prefect import get_client, get_run_logger
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectHTTPStatusError
from prefect.runtime import flow_run
from prefect.settings import get_current_settings
from prefect.types import KeyValueLabels

from ghcr_audit.report.model import Report
from ghcr_audit.report.words import main_finding, next_step
from ghcr_audit.text.terminal import one_line

_LIVING = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED]
_LOOK_EVERY_S = 5
_CANCELLED = signal.SIGUSR1
_LABEL_CHARS = 400
_BUSY_TRIES, _BUSY_S = 20, 0.05


DRILL_TAG = "ghcr-audit-drill"
"""Borne by a run from the moment when it begins to drill: the trigger of `recover` in prefect.yaml looks for it."""


def announce_waiting(target: str) -> None:
    """Tell other runs, by a tag of this one, that it waits or is about to wait for a credential of the target."""
    _bear(_tag(target))


def announce_drill() -> None:
    """Mark this run as one that drills. Raises nothing: a server that is away is no reason not to go on."""
    if get_current_settings().api.url is None:
        return
    with suppress(httpx.HTTPError, PrefectHTTPStatusError):
        _bear(DRILL_TAG)


def _bear(tag: str) -> None:
    with get_client(sync_client=True) as client:
        known = client.read_flow_run(UUID(str(flow_run.id)))
        client.update_flow_run(known.id, tags={*known.tags, tag})


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


def explained(report: Report) -> Report:
    """The same report; the run bears its cause and remedy as labels, so that a notification can tell them.

    Labels are beside the point of an audit: a server that does not take them is no reason to fail.
    """
    found = main_finding(report)
    remedy = found.remedy.text if found and found.remedy else next_step(report.verdict)
    explain(report.target, cause=found.cause.value if found else "", remedy=remedy)
    return report


def explain(target: str, *, cause: str, remedy: str) -> None:
    """Let this run say by labels what it is about, what blocks it, and what a person does next."""
    told = {"target": target, "cause": cause, "remedy": remedy}
    labels: KeyValueLabels = {f"ghcr-audit.{name}": one_line(text)[:_LABEL_CHARS] for name, text in told.items()}
    try:
        if not _labelled_at_once(labels):
            with get_client(sync_client=True) as client:
                client.update_flow_run_labels(UUID(str(flow_run.id)), labels)
    except (httpx.HTTPError, PrefectHTTPStatusError):
        get_run_logger().warning("the server did not take this run's labels: a notification cannot tell the cause")


def _labelled_at_once(labels: KeyValueLabels) -> bool:
    """Whether the server took them within a second.

    On SQLite it reads and then writes in one transaction, which fails while another writer is at work; and in the wake
    of the artifacts one mostly is. It answers 503 at once, upon which Prefect's client would wait for two seconds.
    """
    with get_client(sync_client=True, httpx_settings={"event_hooks": {"response": [_raise_if_busy]}}) as client:
        for _ in range(_BUSY_TRIES):
            try:
                client.update_flow_run_labels(UUID(str(flow_run.id)), labels)
            except _BusyError:
                time.sleep(_BUSY_S)
            else:
                return True
    return False


class _BusyError(Exception):
    """The server's database is locked."""


def _raise_if_busy(response: httpx.Response) -> None:
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise _BusyError


@contextmanager
def ending_when_cancelled(run: str) -> Iterator[None]:
    """While a paused run polls, look whether it was cancelled meanwhile; then interrupt this process's main thread.

    Prefect's own poll goes on until its time is up, and would then go on with the flow. The interrupt comes by a signal
    of its own: a shell lets what it runs in the background ignore SIGINT. To be called in the main thread.
    """
    before = signal.signal(_CANCELLED, signal.default_int_handler)
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(UUID(run), done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        signal.signal(_CANCELLED, before)


def _watch(run: UUID, done: threading.Event) -> None:
    while not done.wait(_LOOK_EVERY_S):
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(run).state
        except (httpx.HTTPError, PrefectHTTPStatusError):
            continue  # the server is away for a moment
        if state is not None and (state.is_final() or state.is_cancelling()) and not done.is_set():
            _thread.interrupt_main(_CANCELLED)
            return


def _is_waiting(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_paused()


def _age(run: FlowRun) -> tuple[str, str]:
    """The older, the smaller: by creation, then by id."""
    return (run.created.isoformat() if run.created else "", str(run.id))


def _tag(target: str) -> str:
    return f"waits-for-credential:{target}"
