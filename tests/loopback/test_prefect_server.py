"""The locked environment brings a Prefect server that really starts (with fastapi 0.151 and later it does not)."""

import json
import urllib.request
from pathlib import Path

import pytest

from deployments.stack import Stack, StackError, free_port

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
