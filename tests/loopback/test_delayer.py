"""The delayer: every byte late, none lost, and the ends of a connection as TCP has them."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bench.delayer import Delayer, delayer

pytestmark = pytest.mark.loopback

ROUND_TRIP_S = 0.1
TOLERANCE_S = 0.06
MEGABYTES = 48


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that takes one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=10)
        assert not thread.is_alive()


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def client(line: Delayer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=10)


def near(seconds: float) -> object:
    return pytest.approx(seconds, abs=TOLERANCE_S)


def test_an_answer_takes_one_round_trip_and_the_handshake_another() -> None:
    with server(echo) as port, delayer(port, round_trip_s=ROUND_TRIP_S) as line, client(line) as connection:
        began = time.monotonic()
        connection.sendall(b"one")
        assert connection.recv(100) == b"one"
        assert time.monotonic() - began == near(2 * ROUND_TRIP_S)
        began = time.monotonic()
        connection.sendall(b"two")
        assert connection.recv(100) == b"two"
        assert time.monotonic() - began == near(ROUND_TRIP_S)


def test_a_server_that_speaks_first_is_heard_after_two_round_trips() -> None:
    with (
        server(lambda connection: connection.sendall(b"SSH-2.0-lab\r\n")) as port,
        delayer(port, round_trip_s=ROUND_TRIP_S) as line,
    ):
        began = time.monotonic()
        with client(line) as connection:
            assert connection.recv(100) == b"SSH-2.0-lab\r\n"
        assert time.monotonic() - began == near(2 * ROUND_TRIP_S)


def test_the_end_of_one_direction_leaves_the_other_open() -> None:
    def count(connection: socket.socket) -> None:
        connection.sendall(str(len(everything(connection))).encode())

    with server(count) as port, delayer(port, round_trip_s=0.02) as line, client(line) as connection:
        connection.sendall(b"x" * 1000)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == b"1000"


def test_distance_does_not_limit_how_much_goes_through() -> None:
    sent = bytes(MEGABYTES * 1024 * 1024)

    def pour(connection: socket.socket) -> None:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)

    with server(pour) as port, delayer(port, round_trip_s=ROUND_TRIP_S) as line, client(line) as connection:
        began = time.monotonic()
        assert everything(connection) == sent
        # One chunk for each round trip would take a minute and more.
        assert time.monotonic() - began < 10
    assert line.passages[0].received_bytes == len(sent)


def test_a_reset_arrives_as_a_reset() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with server(reset) as port, delayer(port, round_trip_s=0.02) as line, client(line) as connection:
        connection.sendall(b"x")
        with pytest.raises(ConnectionResetError, match="reset"):
            connection.recv(1)


def test_where_nobody_listens_the_connection_is_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        delayer(port, round_trip_s=0.1) as line,
        client(line) as connection,
        pytest.raises(ConnectionResetError, match="reset"),
    ):
        connection.recv(1)


def test_round_trips_are_counted_by_what_answers_what() -> None:
    def two_answers(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(100)
            connection.sendall(b"a")
            time.sleep(0.02)
            connection.sendall(b"b")  # said in two pieces, but waited for once

    with server(two_answers) as port, delayer(port, round_trip_s=0.05) as line, client(line) as connection:
        for _ in range(2):
            connection.sendall(b"?")
            assert connection.recv(1) + connection.recv(1) == b"ab"
    assert [passage.round_trips for passage in line.passages] == [3]  # the handshake is the first
    assert (line.passages[0].sent_bytes, line.passages[0].received_bytes) == (2, 4)


def test_what_is_sent_without_waiting_is_no_round_trip() -> None:
    with server(echo) as port, delayer(port, round_trip_s=0.05) as line, client(line) as connection:
        for _ in range(5):
            connection.sendall(b"x" * 10)
            time.sleep(0.002)
        connection.shutdown(socket.SHUT_WR)
        assert len(everything(connection)) == 50
    assert line.passages[0].round_trips == 2


def test_many_connections_pass_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        count = 20

        def answer(connection: socket.socket) -> None:
            with connection:
                echo(connection)

        def serve() -> None:
            for _ in range(count):
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        with delayer(listener.getsockname()[1], round_trip_s=ROUND_TRIP_S) as line:
            connections = [client(line) for _ in range(count)]
            began = time.monotonic()
            for number, connection in enumerate(connections):
                connection.sendall(bytes([number]))
            assert [connection.recv(1)[0] for connection in connections] == list(range(count))
            assert time.monotonic() - began < 5 * ROUND_TRIP_S
            for connection in connections:
                connection.close()
