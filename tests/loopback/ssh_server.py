"""An SSH server in this process, on 127.0.0.1, that really runs a shell: for what sshd would not do on request.

It behaves as sshd does where that matters here: a command runs in a session of its own, its pipes are closed
when the connection breaks, and nothing kills it then.
"""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_SUCCEEDED,
)

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a login on the server is like.

    `key`: the user key that is accepted. `shell`: the program that gets each command as its last word. `banner`:
    what it prints before any command. `mute`: a session is opened, but no command ever answered. `jumps`: whether
    connections may be passed on.
    """

    key: paramiko.PKey
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    environment: dict[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))
    banner: bytes = b""
    mute: bool = False
    jumps: bool = False


@dataclass(slots=True, kw_only=True)
class Running:
    """A running server and what came to it."""

    port: int
    host_key: paramiko.PKey
    logins: int = 0
    commands: list[str] = field(default_factory=list)
    passed_on: list[str] = field(default_factory=list)
    transports: list[paramiko.Transport] = field(default_factory=list)

    def cut(self) -> None:
        """Break every connection, as a network does: without a word."""
        for transport in self.transports:
            transport.sock.close()
            transport.close()

    def pin(self, path: Path) -> Path:
        """Write the host key as a known_hosts line."""
        line = f"[127.0.0.1]:{self.port} {self.host_key.get_name()} {self.host_key.get_base64()}\n"
        with path.open("a") as file:
            file.write(line)
        return path


@contextmanager
def serve(login: Login, *, host_key: paramiko.PKey | None = None, port: int = 0) -> Iterator[Running]:
    """Run a server; at the end all its connections are closed."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        running = Running(port=listener.getsockname()[1], host_key=host_key or paramiko.ECDSAKey.generate())
        thread = threading.Thread(target=_accept, args=(listener, login, running), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            running.cut()
            thread.join(timeout=5)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where something else than SSH answers; `answer` gets each connection. Yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_all, args=(listener, answer), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _answer_all(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    held = []  # kept open: a silent server is one that does not hang up
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            held.append(connection)
            answer(connection)
    for connection in held:
        connection.close()


def _accept(listener: socket.socket, login: Login, running: Running) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            transport = paramiko.Transport(connection)
            transport.add_server_key(running.host_key)
            running.transports.append(transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(event=threading.Event(), server=_Session(login, running))


class _Session(paramiko.ServerInterface):
    """One connection: one accepted key, commands, and connections passed on."""

    def __init__(self, login: Login, running: Running) -> None:
        self._login = login
        self._running = running

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        if key != self._login.key:
            return AUTH_FAILED
        self._running.logins += 1
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        allowed = kind == "session"
        return OPEN_SUCCEEDED if allowed else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        text = command.decode()
        self._running.commands.append(text)
        if self._login.mute:
            threading.Event().wait(30)  # longer than any client of these tests waits
            return False
        threading.Thread(target=_run, args=(channel, self._login, text), daemon=True).start()
        return True

    def check_channel_direct_tcpip_request(self, chanid: int, origin: tuple[str, int], place: tuple[str, int]) -> int:
        if not self._login.jumps:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self._running.passed_on.append(f"{place[0]}:{place[1]}")
        try:
            onward = socket.create_connection(place, timeout=5)
        except OSError:
            return OPEN_FAILED_CONNECT_FAILED
        transport = self._running.transports[-1]
        threading.Thread(target=_pass_on, args=(transport, onward), daemon=True).start()
        return OPEN_SUCCEEDED


def _run(channel: paramiko.Channel, login: Login, command: str) -> None:
    """Run one command and carry its bytes; the exit status follows when both outputs have ended."""
    process = subprocess.Popen(
        [*login.shell, command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=login.environment,
        start_new_session=True,
        bufsize=0,
    )
    assert process.stdin and process.stdout and process.stderr
    with suppress(OSError):
        channel.sendall(login.banner)
    carriers = [
        threading.Thread(target=_feed, args=(channel, process.stdin.fileno()), daemon=True),
        threading.Thread(target=_carry, args=(process.stdout.fileno(), channel.sendall), daemon=True),
        threading.Thread(target=_carry, args=(process.stderr.fileno(), channel.sendall_stderr), daemon=True),
    ]
    for carrier in carriers:
        carrier.start()
    for carrier in carriers[1:]:
        carrier.join()
    for pipe in (process.stdout, process.stderr):
        pipe.close()  # the connection broke, or the outputs ended
    status = process.wait()
    with suppress(OSError, EOFError):
        channel.send_exit_status(status & 0xFF)
        channel.close()
    carriers[0].join(timeout=5)
    with suppress(OSError):
        process.stdin.close()


def _feed(channel: paramiko.Channel, pipe: int) -> None:
    with suppress(OSError):
        while data := channel.recv(32768):
            os.write(pipe, data)
    with suppress(OSError):
        os.dup2(_DEVNULL, pipe)  # ends the input without freeing the number, which its owner closes


def _carry(pipe: int, send: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while data := os.read(pipe, 32768):
            send(data)


_DEVNULL = os.open(os.devnull, os.O_WRONLY)


def _pass_on(transport: paramiko.Transport, onward: socket.socket) -> None:
    """Carry bytes both ways between the channel that is just being opened and a socket."""
    channel = transport.accept(timeout=5)
    if channel is None:
        onward.close()
        return
    back = threading.Thread(target=_carry_socket, args=(onward, channel), daemon=True)
    back.start()
    with suppress(OSError):
        while data := channel.recv(32768):
            onward.sendall(data)
    onward.close()


def _carry_socket(onward: socket.socket, channel: paramiko.Channel) -> None:
    with suppress(OSError):
        while data := onward.recv(32768):
            channel.sendall(data)
    channel.close()
