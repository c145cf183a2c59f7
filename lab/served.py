"""Audits of the lab through a real Prefect server, driven as an operator would: API, CLI, Secret blocks."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Cancelled

from deployments.stack import Stack, free_port
from ghcr_audit.report.model import Report
from lab.errors import LabError
from lab.lab import Lab
from lab.target import Setting

LIMIT_S = 180


@dataclass(kw_only=True)
class Served:
    """A served checkout: the lab's chain as target `observer`, and a Prefect server with one worker."""

    lab: Lab
    stack: Stack
    folder: Path

    def client(self) -> SyncPrefectClient:
        """A client of the server's API."""
        return SyncPrefectClient(self.stack.api_url)

    def trigger(self, **parameters: object) -> UUID:
        """A run of the deployment; by default of the newest published release, mode pull, waiting an hour."""
        wanted = {"target": "observer", "tag": self.lab.releases.newest_published, "mode": "pull", "wait_hours": 1}
        with self.client() as client:
            deployment = client.read_deployment_by_name("release-audit/release-audit")
            return client.create_flow_run_from_deployment(deployment.id, parameters={**wanted, **parameters}).id

    def state(self, run: UUID) -> State:
        """Of the run; SQLite may be busy for a moment."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            with suppress(PrefectHTTPStatusError), self.client() as client:
                state = client.read_flow_run(run).state
                if state is not None:
                    return state
            time.sleep(0.2)
        raise LabError("the server does not tell the run's state")

    def settled(self, run: UUID, *, after: State | None = None) -> State:
        """The run's state once it is final or paused; `after` is the paused state it was resumed from."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            state = self.state(run)
            if state.is_final() or (state.is_paused() and (after is None or state.id != after.id)):
                return state
            time.sleep(0.2)
        raise LabError(f"run {run} did not settle in {LIMIT_S} s; worker log:\n{self.log('worker')[-3000:]}")

    def cancel_waiting_runs(self) -> None:
        """Cancel every run that waits for somebody."""
        with self.client() as client:
            for run in client.read_flow_runs(limit=200):
                if run.state is not None and run.state.is_paused():
                    client.set_flow_run_state(run.id, Cancelled(), force=True)

    def form(self, run: UUID) -> str:
        """What the operator reads above the form of a waiting run."""
        details = self.state(run).state_details
        if details.run_input_keyset is None:
            raise LabError(f"run {run}: shows no form")
        with self.client() as client:
            key = details.run_input_keyset["description"]
            return client.request("GET", "/flow_runs/{id}/input/{key}", path_params={"id": run, "key": key}).text

    def answer(self, run: UUID, credential: str, user: str = "lab", answered_by: str = "Test Reader") -> str:
        """Answer the form as the UI does; the server's word: ACCEPT or REJECT."""
        given = {"credential": credential, "registry_user": user, "answered_by": answered_by}
        with self.client() as client:
            return client.resume_flow_run(run, run_input=given).status.value

    def cli(self, *words: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        """`ghcr-audit WORDS`, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "ghcr_audit.cli.main", *words],
            env={**self.stack.environment(), **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def cli_started(self, *words: str) -> "subprocess.Popen[str]":
        """`ghcr-audit WORDS`, which goes on."""
        return subprocess.Popen(
            [sys.executable, "-m", "ghcr_audit.cli.main", *words],
            env=self.stack.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def report(self, run: UUID) -> Report:
        """The run's report, as `ghcr-audit report` gives it."""
        ended = self.cli("report", str(run), "--json")
        if ended.returncode != 0:
            raise LabError(f"run {run}: no report: {ended.stderr.strip()[-300:]}")
        return Report.model_validate_json(ended.stdout)

    def log(self, name: str) -> str:
        """What a part of the stack has written so far."""
        return (self.stack.folder / "log" / f"{name}.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def served(
    lab: Lab,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    target: Mapping[str, Setting | None] | None = None,
) -> Iterator[Served]:
    """The lab's chain as target `observer`, served by a Prefect server of its own; all stopped in the end.

    `target` overrides keys of the target file, in a table as `deploy__lease_s`.
    """
    targets = folder / "targets"
    targets.mkdir()
    (targets / "observer.toml").write_text(lab.target_toml(**(target or {})), encoding="utf-8")
    extra = {
        "GHCR_AUDIT_TARGETS": str(targets),
        "GHCR_AUDIT_POOL_KEY": str(folder / "pool.key"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PATH": os.environ["PATH"],
        **(settings or {}),
    }
    stack = Stack(folder=folder / "stack", port=free_port(), extra=extra, worker_query_s=1)
    try:
        stack.start_server()
        stack.wait_for_server()
        stack.start_worker()
        stack.deploy()
        yield Served(lab=lab, stack=stack, folder=folder)
    finally:
        stack.close()
