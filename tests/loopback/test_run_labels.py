"""A run's labels, and a server whose database is busy with another writer for a moment: nobody waits two seconds."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.other_runs import explain

pytestmark = [pytest.mark.loopback]
PATIENCE_S = 2
"""What Prefect's client waits after the first 503."""


@dataclass(kw_only=True)
class Busy:
    """A server of which only labels matter: it refuses to take them so many times."""

    refusals: int
    asked: int = 0
    taken: list[bytes] = field(default_factory=list)


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Busy]:
    state = Busy(refusals=3)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(404)

        def do_PATCH(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked += 1
            if state.asked <= state.refusals:
                self._answer(503)
            else:
                state.taken.append(body)
                self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", str(uuid4()))
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.server_port}/api"}):
        yield state
    server.shutdown()
    server.server_close()


def test_a_database_that_is_locked_for_a_moment_is_asked_again_at_once(busy: Busy) -> None:
    began = time.monotonic()
    explain("observer", cause="tag_not_published", remedy="push it")
    assert (busy.asked, len(busy.taken)) == (4, 1)
    assert b"tag_not_published" in busy.taken[0]
    assert time.monotonic() - began < PATIENCE_S


def test_one_that_stays_locked_gets_the_patience_of_prefects_own_client(busy: Busy) -> None:
    busy.refusals = 21
    explain("observer", cause="", remedy="")
    assert (busy.asked, len(busy.taken)) == (22, 1)
