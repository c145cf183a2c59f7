"""`ghcr-audit resume`: hand a new credential to a waiting run, sealed to the work pool, or as a Secret block's name.

The token is read without echo, or from standard input; it never stands in a command line or in the environment.
"""

import argparse
import getpass
import sys
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.cli.api import speaking_to_the_server
from ghcr_audit.cli.pins import trusted_key
from ghcr_audit.cli.printing import say
from ghcr_audit.credentials import Secret, problems
from ghcr_audit.errors import AuditError, ConfigurationError, shown
from ghcr_audit.handover import UnusableAnswerError, key_in, sealed_text
from ghcr_audit.language import phrase
from ghcr_audit.targets import load_target

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """What a waiting run asks for."""

    run: str
    attempt: int
    pool_key: str | None
    registry_user: str | None


def run(options: argparse.Namespace) -> int:
    """Answer the prompt of a waiting run."""
    run_id = _run_id(options.run)
    with speaking_to_the_server():
        from prefect import get_client

        with get_client(sync_client=True) as client:
            waiting = _waiting(client, run_id)
            _resume(client, run_id, _answer(options, waiting))
    say(f"run {run_id} goes on")
    return 0


def _run_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ConfigurationError(
            f"resume: {shown(text)} is no run id", hint="The run's page in the UI shows it."
        ) from None


def _waiting(client: "SyncPrefectClient", run_id: uuid.UUID) -> _Waiting:
    found = _flow_run(client, run_id)
    state = found.state
    keyset = state.state_details.run_input_keyset if state is not None and state.is_paused() else None
    pause_key = state.state_details.pause_key if state is not None else None
    if keyset is None or not pause_key or not pause_key.removeprefix("cred-").isdigit():
        name = state.name if state is not None else "unknown"
        raise ConfigurationError(
            f"resume: run {run_id} waits for no credential (its state is {name})",
            hint=f"How it ended: ghcr-audit report {run_id}",
        )
    return _Waiting(
        run=str(run_id),
        attempt=int(pause_key.removeprefix("cred-")),
        pool_key=key_in(_description(client, run_id, keyset.get("description", ""))),
        registry_user=_target_user(found),
    )


def _flow_run(client: "SyncPrefectClient", run_id: uuid.UUID) -> "FlowRun":
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_flow_run(run_id)
    except ObjectNotFound:
        raise ConfigurationError(
            f"resume: the server knows no run {run_id}",
            hint="Its page in the UI shows the id; `doctor` shows the server.",
        ) from None


def _description(client: "SyncPrefectClient", run_id: uuid.UUID, key: str) -> str:
    response = client.request("GET", "/flow_runs/{id}/input/{key}", path_params={"id": run_id, "key": key})
    return response.text


def _target_user(found: "FlowRun") -> str | None:
    try:
        return load_target(str(found.parameters.get("target", "")), targets_folder()).registry_user
    except ConfigurationError:
        return None


def _answer(options: argparse.Namespace, waiting: _Waiting) -> dict[str, str]:
    user = options.user or waiting.registry_user
    if not user:
        raise ConfigurationError("resume: the target's registry user is not known here", hint="Say it: --user NAME.")
    credential = options.block or _sealed(options, waiting, user)
    return {"credential": credential, "registry_user": user, "answered_by": options.by or getpass.getuser()}


def _sealed(options: argparse.Namespace, waiting: _Waiting, user: str) -> str:
    if waiting.pool_key is None:
        raise AuditError(
            "resume: the run shows no work pool key", hint="Answer in the Prefect UI, or with --block NAME."
        )
    key = trusted_key(waiting.pool_key, options.pool_key)
    token = _token(user)
    if found := problems(token):
        raise ConfigurationError(
            f"resume: {'; '.join(found)}", hint="Nothing was sent. Copy the whole token once more."
        )
    try:
        return sealed_text(key, token, run=waiting.run, attempt=waiting.attempt)
    except UnusableAnswerError as error:
        raise AuditError(f"resume: {error}") from None


def _token(user: str) -> Secret:
    if sys.stdin.isatty():
        return Secret(getpass.getpass(f"{phrase('New token for {user} (not shown):', user=user)} ").strip())
    return Secret(sys.stdin.readline(8192).strip())


def _resume(client: "SyncPrefectClient", run_id: uuid.UUID, answer: dict[str, str]) -> None:
    """Post it; the server's reason is never printed, since it echoes what was posted."""
    from prefect.exceptions import PrefectHTTPStatusError

    for attempt in range(1, _TRIES + 1):
        try:
            response = client.resume_flow_run(run_id, run_input=answer)
            break
        except PrefectHTTPStatusError:
            if attempt == _TRIES:
                raise
            time.sleep(attempt)
    if response.status.value != "ACCEPT":
        raise ConfigurationError(
            f"resume: the server did not take the answer ({response.status.value})",
            hint="A block's name has small letters, digits and dashes; user and your name no underscore.",
        )
