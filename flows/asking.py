"""How a run asks a person and gets the answer: by whatever way this process can wait, a stable key per attempt."""

import sys
from enum import StrEnum

from prefect import pause_flow_run, suspend_flow_run
from prefect.input.actions import read_flow_run_input
from prefect.runtime import deployment, flow_run
from prefect.settings import get_current_settings
from pydantic import ValidationError

from flows.credential_form import NewCredential, form, handover
from flows.other_runs import ending_when_cancelled
from ghcr_audit.handover import Handover

_POLL_S = 3


class Wait(StrEnum):
    """How this process can wait."""

    SUSPEND = "suspend"
    PAUSE = "pause"
    PROMPT = "prompt"
    NOT = "not"


def way() -> Wait:
    """From a deployment it is suspended, with a server paused, in a terminal without one the terminal is asked."""
    if deployment.id:
        return Wait.SUSPEND
    if get_current_settings().api.url is not None:
        return Wait.PAUSE
    return Wait.PROMPT if sys.stdin.isatty() else Wait.NOT


def given(number: int) -> Handover | None:
    """The answer that resumed this run after it was suspended for this attempt; None when there is none yet."""
    if way() is not Wait.SUSPEND:
        return None
    stored = read_flow_run_input(f"suspended-{_key(number)}-response")
    return handover(NewCredential.model_validate(stored)) if stored else None


def awaited(text: str, number: int, wait_hours: float) -> Handover:
    """Show the form below `text` (Markdown) and wait for its answer; one that is empty counts as unanswered.

    A run that is suspended does not return from here: it is run again, from its first line.

    Raises:
        FlowPauseTimeout: nobody answered in time.
    """
    asked = form(text)
    timeout_s = max(1, round(wait_hours * 3600))
    try:
        if way() is Wait.SUSPEND:
            return handover(suspend_flow_run(wait_for_input=asked, timeout=timeout_s, key=_key(number)))
        with ending_when_cancelled(str(flow_run.id)):
            answer = pause_flow_run(wait_for_input=asked, timeout=timeout_s, poll_interval=_POLL_S, key=_key(number))
        return handover(answer)
    except ValidationError:  # resumed by force, without an answer: counts as unanswered
        return handover(None)


def _key(number: int) -> str:
    return f"cred-{number}"
