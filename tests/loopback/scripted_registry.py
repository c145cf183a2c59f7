"""A registry that says what a test wrote down, on 127.0.0.1, and objects to every request not written down."""

import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One scripted answer.

    `pause_s`: silence before it. `drip_s`: silence before each byte of the body. `reset`: the connection is reset
    instead. `promised_bytes`: a Content-Length other than the body's.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    pause_s: float = 0.0
    drip_s: float = 0.0
    reset: bool = False
    promised_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived; `authorization` is empty when none was sent."""

    method: str
    target: str
    authorization: str
    accept: str


@dataclass(slots=True, kw_only=True)
class ScriptedRegistry:
    """The script of one test and what came of it. Routes are `METHOD target`, or the target without its query."""

    port: int = 0
    script: dict[str, deque[Answer]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    unscripted: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.port}"

    def on(self, route: str, *answers: Answer) -> None:
        """Give these answers, one request each, after those already scripted for this route."""
        self.script.setdefault(route, deque()).extend(answers)

    def requests(self, route: str = "") -> list[Seen]:
        """The requests whose `METHOD target` begins like this."""
        return [seen for seen in self.seen if f"{seen.method} {seen.target}".startswith(route)]

    def take(self, seen: Seen) -> Answer:
        """Record a request and find its answer."""
        self.seen.append(seen)
        for target in (seen.target, seen.target.partition("?")[0]):
            answers = self.script.get(f"{seen.method} {target}")
            if answers:
                return answers.popleft()
        self.unscripted.append(f"{seen.method} {seen.target}")
        return Answer(status=599)

    def left(self) -> list[str]:
        """The routes whose answers were not all asked for."""
        return [route for route, answers in self.script.items() if answers]


@contextmanager
def serve(*, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedRegistry]:
    """Run a scripted registry; at the end, fail the test that asked for what was not scripted, or for too little."""
    registry = ScriptedRegistry()
    server = _Server(registry)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    registry.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
    assert not registry.unscripted, f"unscripted requests: {registry.unscripted}"
    assert not registry.left(), f"scripted, but never asked for: {registry.left()}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, registry: ScriptedRegistry) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.registry = registry


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    wbufsize = 65536  # an answer leaves in one piece, else each costs 40 ms of waiting for the client's ACK
    server: _Server

    def do_any(self) -> None:
        """Answer by the script."""
        answer = self.server.registry.take(
            Seen(
                method=self.command,
                target=self.path,
                authorization=self.headers.get("Authorization", ""),
                accept=self.headers.get("Accept", ""),
            )
        )
        time.sleep(answer.pause_s)
        self._reset() if answer.reset else self._send(answer)

    do_GET = do_HEAD = do_CONNECT = do_any  # noqa: N815 - names given by the standard library

    def handle(self) -> None:
        """Serve one connection; one that breaks is what a test of limits or of TLS is about."""
        with suppress(OSError):
            super().handle()

    def finish(self) -> None:
        """End a connection that may be broken already."""
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is in `seen`."""

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        length = len(answer.body) if answer.promised_bytes is None else answer.promised_bytes
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer)
        self.close_connection = answer.promised_bytes is not None or self.close_connection

    def _send_body(self, answer: Answer) -> None:
        pieces = [answer.body] if not answer.drip_s else [bytes((byte,)) for byte in answer.body]
        for piece in pieces:
            time.sleep(answer.drip_s)
            self.wfile.write(piece)
            self.wfile.flush()
