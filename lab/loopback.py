"""The gateway in this process, before a registry held in memory: for tests that need no packages.

The registry in memory speaks as much of the distribution protocol as `lab.images` and a pull use, and never
converts a manifest; anything else is answered with 501, so that a test that asks for it fails.
"""

import base64
import hashlib
import http.client
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs, urlsplit

from lab.gateway import GatewayControl
from lab.gateway.gateway import Gateway
from lab.gateway.server import GatewayServer
from lab.gateway.upstream import Upstream
from lab.images import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from lab.tokens import LabTokens, TokenKind

EVERY_TYPE: Final = ", ".join((DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST))
"""What a client that knows every kind of manifest accepts."""

_PATH: Final = re.compile(r"^/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|tags)/(?P<reference>.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Bytes and their media type."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    status: int
    stored: Stored = field(default_factory=lambda: Stored(media_type="application/json", content=b"{}"))
    location: str = ""


class MemoryRegistry(ThreadingHTTPServer):
    """What was pushed, under `repository/kind/reference`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.held: dict[str, Stored] = {}

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"127.0.0.1:{self.server_address[1]}"

    def tags(self, name: str) -> list[str]:
        """The tags of a repository; empty when nothing was pushed there."""
        prefix = f"{name}/manifests/"
        keys = (key.removeprefix(prefix) for key in self.held if key.startswith(prefix))
        return sorted(key for key in keys if not key.startswith("sha256:"))


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: MemoryRegistry

    def exchange(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match = _PATH.match(urlsplit(self.path).path)
        self._send(self._reply(match, body) if match else _Reply(status=501))

    do_GET = do_HEAD = do_POST = do_PUT = exchange  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""

    def _reply(self, match: re.Match[str], body: bytes) -> _Reply:
        key = f"{match['name']}/{match['kind']}/{match['reference']}"
        match self.command, match["kind"]:
            case "GET", "tags":
                return self._tags(match["name"])
            case "GET" | "HEAD", _:
                stored = self.server.held.get(key)
                return _Reply(status=200, stored=stored) if stored else _Reply(status=404)
            case "POST", "blobs":
                # With its own host, as a registry without relative addresses sends it.
                return _Reply(status=202, location=f"http://{self.server.address}/v2/{match['name']}/blobs/uploads/1")
            case "PUT", kind:
                return self._keep(match["name"], kind, key, body)
        return _Reply(status=501)

    def _keep(self, name: str, kind: str, key: str, body: bytes) -> _Reply:
        stored = Stored(media_type=self.headers.get("Content-Type", "application/octet-stream"), content=body)
        if kind == "blobs":
            said = parse_qs(urlsplit(self.path).query).get("digest", [""])[0]
            if said != stored.digest:
                return _Reply(status=400)
        else:
            self.server.held[key] = stored
        self.server.held[f"{name}/{kind}/{stored.digest}"] = stored
        return _Reply(status=201, stored=stored)

    def _tags(self, name: str) -> _Reply:
        tags = self.server.tags(name)
        listing = json.dumps({"name": name, "tags": tags}).encode()
        return _Reply(status=200 if tags else 404, stored=Stored(media_type="application/json", content=listing))

    def _send(self, reply: _Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.stored.media_type)
        self.send_header("Docker-Content-Digest", reply.stored.digest)
        content = reply.stored.content if self.command in {"GET", "HEAD"} else b""
        self.send_header("Content-Length", str(len(content)))
        if reply.location:
            self.send_header("Location", reply.location)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer as a client saw it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of the one error in it.

        Raises:
            ValueError: the body is not one error.
        """
        (error,) = json.loads(self.body)["errors"]
        return self.status, error["code"], error["message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackGateway:
    """A running gateway: `address` to ask, `upstream` to push to, `log` to read."""

    address: str
    upstream: str
    control: GatewayControl
    tokens: LabTokens
    log: Path

    def ask(
        self,
        target: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
    ) -> Seen:
        """One request on a connection of its own."""
        with closing(http.client.HTTPConnection(self.address, timeout=10)) as connection:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            return Seen(status=response.status, headers=response.headers, body=response.read())

    def bearer(self, kind: str, repository: str) -> dict[str, str]:
        """The headers of a client that was handed a bearer token for its credential of that kind."""
        credential = basic(self.tokens.value_of(TokenKind(kind)))
        seen = self.ask(token_target(repository), headers=credential)
        return {"Authorization": f"Bearer {json.loads(seen.body)['token']}", "Accept": EVERY_TYPE}


def basic(password: str, user: str = "lab") -> dict[str, str]:
    """The header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def token_target(repository: str) -> str:
    """What a client asks of the token endpoint before it pulls."""
    return f"/token?service=ghcr.io&scope=repository:{repository}:pull"


@contextmanager
def loopback_registry() -> Iterator[str]:
    """A registry in memory; yields its address."""
    with MemoryRegistry() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join(timeout=5)


@contextmanager
def loopback_gateway(folder: Path, *, upstream: str = "") -> Iterator[LoopbackGateway]:
    """A gateway with new tokens; its log lies in `folder`.

    `upstream`: `HOST:PORT` of a registry to use instead of memory.
    """
    if not upstream:
        with loopback_registry() as registry, loopback_gateway(folder, upstream=registry) as running:
            yield running
        return
    tokens = LabTokens.generate()
    gateway = Gateway(name="ghcr.io", upstream=Upstream(upstream), tokens=tokens)
    path = folder / "gateway.log"
    with (
        path.open("a") as log,
        GatewayServer(("127.0.0.1", 0), gateway=gateway, log=log).running() as address,
    ):
        yield LoopbackGateway(
            address=address, upstream=upstream, control=GatewayControl(address), tokens=tokens, log=path
        )
