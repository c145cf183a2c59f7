"""One audit of the demo: triggered through the API, followed live, resumed by a person or by the demo itself."""

import os
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import Log, State
from prefect.client.schemas.sorting import ArtifactSort, LogSort
from prefect.exceptions import PrefectHTTPStatusError

from deployments.stack import Stack, StackError
from ghcr_audit.report.markdown import render_markdown
from ghcr_audit.report.model import Report
from lab.demo_forms import write_forms
from lab.lab import Lab

LINK_LIMIT_S = 180
_LINK_SIGNS = ("✓", "✗", "?", "!", "–", " ")


@dataclass(kw_only=True)
class DemoRun:
    """A flow run and what the demo knows of it."""

    stack: Stack
    lab: Lab
    out: Path
    run_id: UUID = field(init=False)
    final: State | None = None
    _seen: set[UUID] = field(default_factory=set)

    def start(self) -> None:
        """Trigger the deployment: mode drill, the newest published release."""
        parameters = {
            "target": "observer",
            "tag": self.lab.releases.newest_published,
            "mode": "drill",
            "wait_hours": 1,
        }
        with self._client() as client:
            deployment = client.read_deployment_by_name("release-audit/release-audit")
            self.run_id = client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id
        print(f"audit of {parameters['tag']} triggered: {self.stack.url}/runs/flow-run/{self.run_id}\n", flush=True)

    def follow_until_blocked(self) -> None:
        """Show each link until the run is suspended, and what the BLOCKED report says.

        Raises:
            StackError: it ended, or did not come so far in time.
        """
        state = self._follow()
        if not state.is_paused():
            raise StackError(f"the run was to be suspended, but is {state.name}: {state.message}")
        self._write_report("blocked")
        print("\nBLOCKED: the run is suspended; no process waits for it. The report says:\n", flush=True)
        print(_first_screen(self.out / "blocked.md"), flush=True)

    def let_somebody_resume(self) -> None:
        """On a terminal the reader may answer in the browser, or press Enter; otherwise the demo answers."""
        if sys.stdin.isatty():
            self._invite()
        else:
            print("\nno terminal: the demo hands over the lab's good token by itself\n", flush=True)
            self.resume(self.lab.tokens.good)

    def resume(self, token: str) -> None:
        """`ghcr-audit resume`, with the token on its standard input."""
        words = ("resume", str(self.run_id), "--user", "lab", "--by", "demo reader")
        ended = self._cli(*words, stdin=f"{token}\n")
        if ended.returncode:
            raise StackError(f"resume failed: {ended.stderr.strip()}")

    def follow_to_the_end(self) -> None:
        """Show the links after the wait, until the run ends; write its report.

        Raises:
            StackError: it did not end in time.
        """
        self.final = self._follow(leave_paused=True)
        self._write_report("report")
        write_forms((self.out / "report.json").read_text(encoding="utf-8"), self.out)
        self._fetch_evidence()
        print(f"\nverdict: {self.final.name}\n\n{_first_screen(self.out / 'report.md')}", flush=True)

    def _write_report(self, name: str) -> None:
        """The newest report of this run, as `ghcr-audit report` prints it, as NAME.md and NAME.json."""
        chosen = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[self.run_id]))
        with self._client() as client:
            found = client.read_artifacts(artifact_filter=chosen, sort=ArtifactSort.CREATED_DESC, limit=200)
        texts = {artifact.key: artifact.data for artifact in reversed(found) if isinstance(artifact.data, str)}
        if not {"observer-report", "observer-report-json"} <= set(texts):
            raise StackError("the run published no report")
        data = texts["observer-report-json"].removeprefix("```json\n").removesuffix("\n```")
        told = render_markdown(Report.model_validate_json(data))  # the page of the UI has a picture beside
        (self.out / f"{name}.md").write_text(told, encoding="utf-8")
        (self.out / f"{name}.json").write_text(data, encoding="utf-8")

    def verify(self) -> "subprocess.CompletedProcess[str]":
        """`ghcr-audit verify` of the bundle in the out folder, with the key that lies beside it."""
        return self._cli("verify", str(self.evidence), "--key", str(self.out / "signing.pub"))

    @property
    def evidence(self) -> Path:
        """The run's evidence bundle, as it is left to the reader."""
        return self.out / f"evidence-{self.run_id}.tar.gz"

    def _fetch_evidence(self) -> None:
        """The bundle out of Prefect's storage, and the public key that checks it.

        Raises:
            StackError: the run left no bundle.
        """
        found = next(self.stack.folder.rglob(self.evidence.name), None)
        if found is None:
            raise StackError("the run left no evidence bundle")
        shutil.copyfile(found, self.evidence)
        shutil.copyfile(self.stack.folder.parent / "signing.pub", self.out / "signing.pub")

    def _invite(self) -> None:
        token_file = self.stack.folder / "good-token.txt"
        token_file.touch(mode=0o600)
        token_file.write_text(self.lab.tokens.good, encoding="utf-8")
        print(
            f"\nYour turn. In the browser: {self.stack.url}/blocks/catalog - create a Secret block (the value is in"
            f"\n{token_file}), then press Resume on {self.stack.url}/runs/flow-run/{self.run_id}"
            "\nand enter the block's name, user lab and your name. Or press Enter here: the demo does it.",
            flush=True,
        )
        try:
            self._until_answered()
        finally:
            token_file.unlink()

    def _until_answered(self) -> None:
        while self._state().is_paused():
            ready, _, _ = select.select([sys.stdin], [], [], 1)
            if ready:
                sys.stdin.readline()
                self.resume(self.lab.tokens.good)
                return

    def _follow(self, *, leave_paused: bool = False) -> State:
        """Print new lines of the links until the run is suspended or final.

        `leave_paused`: the run was just resumed; a paused state is the old one until it has moved on.
        """
        deadline = time.monotonic() + LINK_LIMIT_S
        moved = not leave_paused
        while time.monotonic() < deadline:
            state = self._state()
            self._print_new_lines()
            moved = moved or not state.is_paused()
            if state.is_final() or (state.is_paused() and moved):
                time.sleep(0.8)  # the last lines are on their way
                self._print_new_lines()
                return state
            time.sleep(0.4)
        raise StackError(f"the run came to no end in {LINK_LIMIT_S} s; logs in {self.stack.folder / 'log'}")

    def _state(self) -> State:
        for _ in range(20):
            try:
                with self._client() as client:
                    state = client.read_flow_run(self.run_id).state
                if state is not None:
                    return state
            except PrefectHTTPStatusError:  # SQLite is busy for a moment
                pass
            time.sleep(0.25)
        raise StackError("the server does not tell the run's state")

    def _print_new_lines(self) -> None:
        chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[self.run_id]))
        with self._client() as client:
            logs = client.read_logs(log_filter=chosen, limit=200, sort=LogSort.TIMESTAMP_DESC)
        for log in sorted(logs, key=lambda one: one.timestamp):
            if log.id is not None and log.id not in self._seen:
                self._seen.add(log.id)
                _print_if_told(log)

    def _client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.stack.api_url)

    def _cli(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ghcr_audit.cli.main", *words],
            env={**self.stack.environment(), "PATH": os.environ["PATH"]},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def _print_if_told(log: Log) -> None:
    """The links' own lines; Prefect's are left out."""
    own = log.name == "prefect.task_runs" and log.message[:1] in _LINK_SIGNS
    if own or log.message.startswith(("credential ", "verdict ")):
        print(f"  {log.message}", flush=True)


def _first_screen(path: Path) -> str:
    """A report up to its first numbered section."""
    text = path.read_text(encoding="utf-8")
    return "\n".join(f"    {line}" for line in text.partition("\n## ")[0].splitlines())
