"""A webhook on loopback that keeps what it is sent: where Prefect's notification block posts to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notification."""

    subject: str
    body: str


@dataclass(kw_only=True)
class Webhook:
    """Its address, and all that came so far."""

    url: str
    told: list[Told] = field(default_factory=list)

    def about(self, *words: str) -> list[Told]:
        """The notifications whose subject or body has all of these words."""
        return [one for one in tuple(self.told) if all(word in one.subject + one.body for word in words)]

    def await_about(self, *words: str, limit_s: float = 30) -> Told:
        """The first of them, once there is one."""
        deadline = time.monotonic() + limit_s
        while not (found := self.about(*words)):
            assert time.monotonic() < deadline, f"no notification about {words}; there are {self.told}"
            time.sleep(0.1)
        return found[0]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A server of its own on a free port; ended with the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    hook = Webhook(url=f"http://127.0.0.1:{server.server_port}/hook")
    server.RequestHandlerClass = type("Bound", (_Handler,), {"hook": hook})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    hook: Webhook

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.hook.told.append(Told(subject=content["subject"], body=content["body"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        del format, args
