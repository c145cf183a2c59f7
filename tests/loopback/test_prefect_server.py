"""The locked environment brings a Prefect server that really starts (with fastapi 0.151 and later it does not)."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient

from deployments.processes import children
from deployments.stack import CHECKOUT, Stack, StackError, free_port
from lab.postgres import Database, postgresql

pytestmark = pytest.mark.loopback


def test_the_server_starts_keeps_its_key_out_of_the_database_and_stops(tmp_path: Path) -> None:
    stack = Stack(folder=tmp_path, port=free_port())
    try:
        stack.start_server()
        stack.wait_for_server()
        with urllib.request.urlopen(f"{stack.url}/ui-settings", timeout=10) as answer:  # noqa: S310 - our own server
            assert json.load(answer)["api_url"] == stack.api_url
        key = tmp_path / "server.key"
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.read_bytes() not in stack.database.read_bytes()
        with pytest.raises(StackError, match=f"port {stack.port} of 127.0.0.1 is taken"):
            Stack(folder=tmp_path / "second", port=stack.port).start_server()
        pid = stack.pid("server")
    finally:
        stack.close()
    assert not Path(f"/proc/{pid}").exists()


def test_workers_and_flows_see_no_encryption_key_and_no_foreign_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_ENCRYPTION_KEY", "lab-key")
    monkeypatch.setenv("GITHUB_TOKEN", "lab-token")
    environment = Stack(folder=tmp_path, port=1).environment()
    assert not {"PREFECT_SERVER_ENCRYPTION_KEY", "GITHUB_TOKEN"} & set(environment)


@pytest.mark.timeout(240)
def test_serve_starts_a_killed_worker_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    words = ("-m", "deployments.serve", "--port", str(free_port()), "--folder", str(tmp_path / "stack"))
    with log.open("w") as output:
        serve = subprocess.Popen([sys.executable, *words], cwd=CHECKOUT, stdout=output, stderr=subprocess.STDOUT)
    try:
        await_that(lambda: "Prefect is at" in log.read_text())
        (first,) = workers(serve.pid)
        os.kill(first, signal.SIGKILL)
        await_that(lambda: len(set(workers(serve.pid)) - {first}) == 1)
        assert "the worker ended by itself; it is started again in 1 s" in log.read_text()
        parts = children(serve.pid)
        await_that(lambda: "Worker 'worker' started!" in (tmp_path / "stack/log/worker.log").read_text()[-200:])
        serve.terminate()
        assert serve.wait(timeout=60) == 0
        assert [pid for pid in parts if Path(f"/proc/{pid}").exists()] == []
    finally:
        serve.terminate()
        serve.wait(timeout=60)


def workers(parent: int) -> list[int]:
    return [pid for pid in children(parent) if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_with_a_login_the_api_answers_nobody_else_and_runs_go_as_before(tmp_path: Path) -> None:
    login_file, folder = tmp_path / "api.login", tmp_path / "stack"
    stack = Stack(folder=folder, port=free_port(), login_file=login_file, worker_query_s=1)
    try:
        stack.start_server()
        stack.wait_for_server()
        login = login_file.read_text().strip()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{stack.api_url}/admin/version", timeout=10)  # noqa: S310 - our own server
        stack.start_worker()
        stack.deploy()
        with SyncPrefectClient(stack.api_url, auth_string=login) as client:
            deployment = client.read_deployment_by_name("recover/recover")
            run = client.create_flow_run_from_deployment(deployment.id).id
            await_that(lambda: (state := client.read_flow_run(run).state) is not None and state.is_final())
            state = client.read_flow_run(run).state
        assert state is not None
        assert (state.name, state.message) == ("Completed", "no drill is open")
        told = notified(stack)
        assert told.returncode == 0, told.stderr
        assert login.encode() not in Path(f"/proc/{stack.pid('worker')}/environ").read_bytes()
        parts = [stack.pid(name) for name in ("server", "worker")]
        assert [pid for pid in parts if secret_of(login) in Path(f"/proc/{pid}/cmdline").read_bytes()] == []
        logs = [path.read_bytes() for path in (folder / "log").iterdir()]
    finally:
        stack.close()
    assert [log for log in logs if secret_of(login) in log] == []
    assert secret_of(login) not in stack.database.read_bytes()


def notified(stack: Stack) -> "subprocess.CompletedProcess[str]":
    """A release announced from a terminal that has the profile, and nothing else, from this stack."""
    words = ("-m", "ghcr_audit.cli.main", "notify-release", "shop", "20260120-174230")
    return subprocess.run(
        [sys.executable, *words], env=stack.environment(), capture_output=True, text=True, timeout=60, check=False
    )


def secret_of(login: str) -> bytes:
    return login.partition(":")[2].encode()


@pytest.fixture
def database(postgresql_machine: None, tmp_path: Path) -> Iterator[Database]:
    """A PostgreSQL server of its own, which asks for a password."""
    with postgresql(tmp_path / "pgpass") as running:
        yield running


@pytest.mark.long
@pytest.mark.timeout(240)
def test_postgresql_serves_by_a_passfile_and_its_password_is_nowhere_else(tmp_path: Path, database: Database) -> None:
    stack = Stack(folder=tmp_path / "stack", port=free_port(), postgres=database.address, passfile=database.passfile)
    try:
        stack.start_server()
        stack.wait_for_server()
        stack.start_worker()
        stack.deploy()
        with SyncPrefectClient(stack.api_url) as client:
            assert client.read_deployment_by_name("recover/recover").name == "recover"
        assert not stack.database.exists()
        for name in ("server", "worker"):
            process = Path(f"/proc/{stack.pid(name)}")
            seen = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            assert database.password.encode() not in seen
        logs = [path.read_bytes() for path in (tmp_path / "stack" / "log").iterdir()]
        assert [log for log in logs if database.password.encode() in log] == []
    finally:
        stack.close()
