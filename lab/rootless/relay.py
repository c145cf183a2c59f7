"""The user's loopback ports handed on to those of the namespaces, where 127.0.0.1 is another one.

A socket stays in the network namespace in which it was made: the relay listens outside, enters the network inside,
and connects there. A port on which nobody listens inside is reset outside, not refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NoReturn

from lab.errors import LabError
from lab.processes import ProcessId, process_at
from lab.rootless import kernel

CHUNK_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time, socket(7)


def listen(ports: Iterable[int]) -> tuple[socket.socket, ...]:
    """Listen on these ports of 127.0.0.1, 0 for a free one.

    Raises:
        LabError: one of them is taken.
    """
    listening: list[socket.socket] = []
    for port in ports:
        try:
            listening.append(socket.create_server(("127.0.0.1", port), backlog=64))
        except OSError as error:
            for one in listening:
                one.close()
            raise LabError(f"127.0.0.1:{port}: {error.strerror}") from None
    return tuple(listening)


def start_relay(holder: ProcessId, listening: Sequence[socket.socket]) -> ProcessId:
    """Start the relay, which ends with the holder of the namespaces; the sockets are closed in this process."""
    pid = os.fork()
    if pid == 0:
        _become_relay(holder, listening)
    for one in listening:
        one.close()
    return process_at(pid) or ProcessId(pid=pid, started_ticks=0)


def _become_relay(holder: ProcessId, listening: Sequence[socket.socket]) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        ended = os.pidfd_open(holder.pid)
        kernel.leave_files_but(ended, *(one.fileno() for one in listening))
        kernel.join(holder.pid, "user", "net")
        asyncio.run(_relay(listening, ended))
    finally:
        os._exit(0)


async def _relay(listening: Sequence[socket.socket], ended: int) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(ended, over.set)
    async with contextlib.AsyncExitStack() as servers:
        for one in listening:
            server = await asyncio.start_server(partial(_hand_on, one.getsockname()[1]), sock=one)
            await servers.enter_async_context(server)
        await over.wait()
        os._exit(0)  # connections that are still open have nobody to talk to


async def _hand_on(port: int, outside: asyncio.StreamReader, to_outside: asyncio.StreamWriter) -> None:
    """One connection, both ways, until both ends have said all."""
    try:
        inside, to_inside = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        _reset(to_outside)
        return
    await asyncio.gather(_copy(outside, to_inside), _copy(inside, to_outside))
    for writer in (to_inside, to_outside):
        writer.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until the end, which is passed on; a broken connection breaks the other one too."""
    try:
        while chunk := await source.read(CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
        sink.write_eof()
    except OSError:
        _reset(sink)


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
