"""The gateway's sockets: reading requests whole, answering them, and a log without secrets."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any, Final, TextIO, cast

from lab.gateway import answers
from lab.gateway.answers import Answer
from lab.gateway.gateway import Gateway
from lab.gateway.requests import Request, joined_headers

BODY_LIMIT_BYTES: Final = 256 * 1024 * 1024
_TLS_HELLO: Final = b"\x16"
# What Go's server says: the containerd image store tries TLS first and falls back to HTTP on exactly this.
_NOT_TLS: Final = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n"


class GatewayServer(ThreadingHTTPServer):
    """A gateway on a loopback port; `log` gets one line per request."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], *, gateway: Gateway, log: TextIO) -> None:
        if not ip_address(address[0]).is_loopback:
            raise ValueError(f"gateway: listens on the loopback only (got {address[0]!r})")
        super().__init__(address, _Exchange)
        self.gateway = gateway
        self._log = log
        self._log_lock = threading.Lock()

    @property
    def address(self) -> str:
        """`HOST:PORT` as bound: a port 0 was replaced by a free one."""
        host, port = self.socket.getsockname()[:2]
        return f"{host}:{port}"

    def record(self, *, method: str, path: str, status: int, agent: str) -> None:
        """One line: when, what, how it ended, who asked.

        Queries and headers stay out: they may hold secrets. Status 0: the connection was cut.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = f"{now} {method} {path} {status} {agent[:40]!r}\n"
        with self._log_lock:
            self._log.write(line)
            self._log.flush()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is an everyday event; anything else is a bug and worth its traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(cast(Any, request), client_address)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve in a thread of this process; yields the address."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self.address
        finally:
            self.shutdown()
            self.server_close()
            thread.join(timeout=5)


class _Exchange(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "lab-gateway"
    sys_version = ""
    timeout = 75
    disable_nagle_algorithm = True
    server: GatewayServer

    def handle(self) -> None:
        """Serve the connection, or tell a TLS client that this port is plain."""
        if self.connection.recv(1, socket.MSG_PEEK) == _TLS_HELLO:
            self.connection.sendall(_NOT_TLS)
            return
        super().handle()

    def exchange(self) -> None:
        """Read one request whole, answer it, record it."""
        body = self._body()
        if body is None:
            self.close_connection = True
            self._send(answers.error(413, "SIZE_INVALID", "request body too large"))
            return
        request = Request(
            method=self.command,
            target=self.path,
            client=str(self.client_address[0]),
            headers=joined_headers(self.headers),
            body=body,
        )
        answer = self.server.gateway.answer(request)
        self._record(request, answer)
        self._send(answer)

    do_GET = do_HEAD = do_POST = exchange  # noqa: N815 - the names that http.server looks for
    do_PUT = do_PATCH = do_DELETE = exchange  # noqa: N815 - as above

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is not HTTP without echoing it: the leftover of a body may be a password."""
        self.close_connection = True
        # A line that could not be read leaves HTTP/0.9 here, which would send no status line.
        self.request_version = self.protocol_version
        self._send(answers.error(int(code), "BAD_REQUEST", "bad request"))

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `record` writes the log; the base class would print request lines with their queries."""

    def _record(self, request: Request, answer: Answer) -> None:
        agent = request.header("User-Agent")
        self.server.record(method=request.method, path=request.path, status=answer.status, agent=agent)

    def _body(self) -> bytes | None:
        """The request's body; None when it is over the limit or its length is no number."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return self._chunks()
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > BODY_LIMIT_BYTES:
            return None
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes | None:
        read = bytearray()
        while len(read) <= BODY_LIMIT_BYTES:
            try:
                size = int(self.rfile.readline(1024).split(b";")[0], 16)
            except ValueError:
                return None
            read += self.rfile.read(min(size, BODY_LIMIT_BYTES + 1))
            self.rfile.readline(1024)
            if size == 0:
                return bytes(read)
        return None

    def _send(self, answer: Answer) -> None:
        if answer.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, value in self._headers(answer):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer)

    def _headers(self, answer: Answer) -> answers.Headers:
        added = []
        if not answer.header("Docker-Distribution-Api-Version"):
            added.append(("Docker-Distribution-Api-Version", "registry/2.0"))
        if not answer.header("Content-Length") and answer.status not in (204, 304):
            added.append(("Content-Length", str(len(answer.body))))
        return (*answer.headers, *added)

    def _send_body(self, answer: Answer) -> None:
        """Send at the answer's pace, in tenths of a second."""
        if not answer.pace_kbps:
            self.wfile.write(answer.body)
            return
        step = max(answer.pace_kbps * 1024 // 10, 1)
        for start in range(0, len(answer.body), step):
            self.wfile.write(answer.body[start : start + step])
            time.sleep(0.1)
