"""One deadline for a whole answer: a server that drips headers is hung up on, over plain HTTP and over TLS."""

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path

import pytest
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import ReadTimeoutError

from ghcr_audit.adapters.http_deadline import with_deadline
from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.causes import Cause
from tests.loopback.ssh_server import listening
from tests.loopback.test_registry_network import certificate

pytestmark = pytest.mark.loopback


def drip(connection: socket.socket) -> None:
    """Headers for ten seconds, each sooner than any read limit here."""
    with suppress(OSError):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(50):
            connection.sendall(b"X-%d: y\r\n" % number)
            time.sleep(0.2)
        connection.sendall(b"Content-Length: 0\r\n\r\n")


def test_headers_that_drip_are_no_answer() -> None:
    with listening(drip) as port, RegistryClient(f"127.0.0.1:{port}", timeout_s=1) as client:
        began = time.monotonic()
        view = client.view("acme/observer", ("latest",))
        assert time.monotonic() - began < 4
    assert view.challenge is not None and view.challenge.failure is Cause.NETWORK_UNREACHABLE_OR_TIMEOUT


def test_headers_that_drip_over_tls_are_no_answer(tmp_path: Path) -> None:
    context = certificate(tmp_path)

    def drip_by_tls(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
            drip(wrapped)

    with listening(drip_by_tls) as port:
        pools = PoolManager(ssl_context=ssl.create_default_context(cafile=str(tmp_path / "cert")))
        with_deadline(pools)
        began = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            pools.request("GET", f"https://127.0.0.1:{port}/v2/", retries=False, timeout=Timeout(total=1))
        assert time.monotonic() - began < 4
        pools.clear()
