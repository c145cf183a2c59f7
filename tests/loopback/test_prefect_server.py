"""The locked environment brings a Prefect server that really starts (with fastapi 0.151 and later it does not)."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.stack import CHECKOUT, Stack, StackError, children, free_port

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
