"""Requests that a run causes, counted in the server's access log."""

import pytest

from bench.access_log import MARK, requests

pytestmark = pytest.mark.pure

RUN = "0b9f1c2e-71d0-4a34-9c11-5e3c8a2f4b10"


def line(method: str, path: str, status: int = 200) -> str:
    return f'08:15:02.123 | INFO    | uvicorn.access - 127.0.0.1:40112 - "{method} {path} HTTP/1.1" {status}'


def test_requests_are_counted_by_kind_whatever_they_are_about() -> None:
    other = RUN.replace("0", "1")
    lines = [
        line("POST", "/api/artifacts/", 201),
        line("POST", "/api/artifacts/", 201),
        line("GET", f"/api/flow_runs/{RUN}"),
        line("GET", f"/api/flow_runs/{other}"),
        line("POST", f"/api/flow_runs/{RUN}/set_state", 201),
        line("GET", "/api/deployments/name/release-audit/release-audit"),
        line("GET", "/api/artifacts/observer-report/latest?limit=1"),
    ]
    assert requests(lines) == {
        "POST /artifacts/": 2,
        "GET /flow_runs/ID": 2,
        "POST /flow_runs/ID/set_state": 1,
        "GET /deployments/name/ID": 1,
        "GET /artifacts/observer-report/latest": 1,
    }


def test_what_comes_by_the_clock_or_from_whoever_measures_is_not_counted() -> None:
    lines = [
        line("POST", "/api/work_pools/ghcr-audit/get_scheduled_flow_runs"),
        line("POST", "/api/work_pools/ghcr-audit/workers/heartbeat", 204),
        line("GET", "/api/health"),
        line("GET", f"/api/flow_runs/{RUN}?{MARK}"),
        "08:15:02.123 | INFO    | uvicorn.error - Application startup complete.",
        '127.0.0.1:40112 - "WebSocket /api/events/in" [accepted]',
    ]
    assert requests(lines) == {}
