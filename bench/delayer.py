"""A network that is far away, without the kernel's help: a TCP proxy whose every byte is as late as over a long line.

Each direction is late by half the round trip; how much is on its way at once is not limited, so throughput stays. The
end of a direction, a reset and a refusal travel the same way. The server is reached as late as after a real handshake:
SYN, SYN-ACK and ACK take one and a half trips before it accepts, and what the client said meanwhile comes with them.

What it cannot do: the kernels at both ends talk to the proxy at once, so neither slow start nor a small packet's wait
for an acknowledgement (Nagle's algorithm) is as long as it would be.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

CHUNK_BYTES = 65_536
ON_ITS_WAY_BYTES = 64 * 1024 * 1024
"""What one direction holds at most: at 100 ms still half a gigabyte a second."""

_EARLY_S = 0.0005
"""An event loop wakes on whole milliseconds, never early: so much before its time a byte is passed on."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time, socket(7)


@dataclass(slots=True, kw_only=True)
class Passage:
    """One connection that went through: bytes each way, and how often one side may have waited for the other.

    Counted by cause: what a side says after it heard something may be an answer to it. `round_trips` is the longest
    chain of such answers that reached the client, the handshake being the first; `heard` is the same at the server.
    """

    sent_bytes: int = 0
    received_bytes: int = 0
    round_trips: int = 1
    heard: int = 1

    def at_server(self, packet: "_Packet") -> None:
        """A packet of the client's has arrived."""
        self.sent_bytes += len(packet.data)
        self.heard = max(self.heard, packet.depth)

    def at_client(self, packet: "_Packet") -> None:
        """A packet of the server's has arrived."""
        self.received_bytes += len(packet.data)
        self.round_trips = max(self.round_trips, packet.depth)


@dataclass(slots=True, kw_only=True)
class Delayer:
    """A running proxy. `round_trip_s` holds for connections from now on."""

    port: int
    round_trip_s: float
    passages: list[Passage] = field(default_factory=list)


@contextmanager
def delayer(upstream_port: int, *, round_trip_s: float = 0.0) -> Iterator[Delayer]:
    """A proxy on a free port of 127.0.0.1 before another port there; it runs in a thread and ends with the block."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    running = Delayer(port=listening.getsockname()[1], round_trip_s=round_trip_s)
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    serving = _serve(running, listening, upstream_port, over)
    thread = threading.Thread(target=_run, args=(loop, serving), name="delayer", daemon=True)
    thread.start()
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(timeout=10)


def _run(loop: asyncio.AbstractEventLoop, serving: Coroutine[Any, Any, None]) -> None:
    with contextlib.closing(loop):
        loop.run_until_complete(serving)


async def _serve(running: Delayer, listening: socket.socket, upstream_port: int, over: asyncio.Event) -> None:
    passing: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_pass(running, upstream_port, reader, writer))
        passing.add(task)
        task.add_done_callback(passing.discard)

    server = await asyncio.start_server(accepted, sock=listening)
    await over.wait()
    server.close()
    for task in passing:
        task.cancel()
    await asyncio.gather(*passing, return_exceptions=True)


async def _pass(
    running: Delayer, upstream_port: int, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
) -> None:
    """One connection, from its handshake to the end of both directions."""
    passage, late_s = Passage(), running.round_trip_s / 2
    running.passages.append(passage)
    out, back = _Way(late_s=late_s), _Way(late_s=late_s)
    taking = asyncio.create_task(_take(client, out, lambda: passage.round_trips))
    try:
        await asyncio.sleep(max(3 * late_s - _EARLY_S, 0))
        server, to_server = await asyncio.open_connection("127.0.0.1", upstream_port)
    except OSError:
        taking.cancel()
        _reset(to_client)
        return
    answering = _take(server, back, lambda: passage.heard + 1)
    try:
        await asyncio.gather(
            taking, _give(out, to_server, passage.at_server), answering, _give(back, to_client, passage.at_client)
        )
    finally:
        for writer in (to_client, to_server):
            writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packet:
    """Bytes on their way; none at all: the end of this direction; `broken`: a reset. `depth` as in Passage."""

    due_s: float
    data: bytes = b""
    broken: bool = False
    depth: int = 0


class _Way:
    """One direction: packets that are `late_s` on their way, in order."""

    def __init__(self, *, late_s: float) -> None:
        self._late_s = late_s
        self._packets: asyncio.Queue[_Packet] = asyncio.Queue()
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()

    async def put(self, data: bytes = b"", *, broken: bool = False, depth: int = 0) -> None:
        """Send it off; waits where too much is on its way already."""
        await self._room.wait()
        due_s = asyncio.get_running_loop().time() + self._late_s
        self._packets.put_nowait(_Packet(due_s=due_s, data=data, broken=broken, depth=depth))
        self._count(len(data))

    async def get(self) -> _Packet:
        """The next packet, when it arrives."""
        packet = await self._packets.get()
        self._count(-len(packet.data))
        wait_s = packet.due_s - asyncio.get_running_loop().time() - _EARLY_S
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return packet

    def _count(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        (self._room.set if self._bytes < ON_ITS_WAY_BYTES else self._room.clear)()


async def _take(reader: asyncio.StreamReader, way: _Way, depth: Callable[[], int]) -> None:
    """Send off whatever one end says, its end or reset too."""
    try:
        while data := await reader.read(CHUNK_BYTES):
            await way.put(data, depth=depth())
        await way.put()
    except OSError:
        await way.put(broken=True)


async def _give(way: _Way, writer: asyncio.StreamWriter, arrived: Callable[[_Packet], None]) -> None:
    """Hand what arrives to the other end."""
    try:
        while (packet := await way.get()).data:
            arrived(packet)
            writer.write(packet.data)
            await writer.drain()
        if packet.broken:
            _reset(writer)
        else:
            writer.write_eof()
    except OSError:  # that end is gone: what is still said to it is dropped, as a kernel does
        while (await way.get()).data:
            pass


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
