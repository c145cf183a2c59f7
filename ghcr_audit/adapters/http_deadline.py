"""Connections whose answer has one deadline: a server that drips headers for ever is hung up on.

urllib3's read limit is one of each wait; every byte that comes begins a new one.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


def with_deadline(pools: PoolManager) -> None:
    """Make all connections of these pools take their read limit for the whole head of an answer."""
    pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


class _PlainConnection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3 itself
        with _hung_up_after(self):
            return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3 itself
        with _hung_up_after(self):
            return super().getresponse()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


@contextmanager
def _hung_up_after(connection: HTTPConnection) -> Iterator[None]:
    """Raises TimeoutError, urllib3's read timeout, once the time is up: the end of the stream would end a head too."""
    late = threading.Event()

    def hang_up() -> None:
        late.set()
        if isinstance(connection.sock, socket.socket):
            with suppress(OSError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # below TLS: its own is not for two threads

    timer = threading.Timer(connection.timeout or 0.0, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException):
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError("the answer takes too long")
