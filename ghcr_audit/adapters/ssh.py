"""A host over SSH: one paramiko Transport, host key pinned, many channels, never a terminal."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from ghcr_audit.adapters.host import FramedHost, Stream
from ghcr_audit.adapters.host_keys import PinnedByFingerprint, RefuseUnknown, known_hosts_files
from ghcr_audit.adapters.kept_keys import kept_key
from ghcr_audit.adapters.lean_paramiko import paramiko
from ghcr_audit.adapters.ssh_config import Endpoint, resolved
from ghcr_audit.adapters.ssh_errors import (
    CONNECT_TIMEOUT_S,
    changed_key,
    cut,
    late,
    no_key_in_block,
    no_shell,
    no_such_name,
    refused,
    unreachable,
    unreadable_key,
)
from ghcr_audit.adapters.user_keys import UserKeys, key_files, key_from
from ghcr_audit.causes import Cause
from ghcr_audit.errors import ConfigurationError, HostError
from ghcr_audit.targets.tables import HostAccess

_KEEPALIVE_S = 15

logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # what it logs as errors comes back as exceptions


class SshHost(FramedHost):
    """A connected host. Made by `connect`; the Transport is shared by all its execs."""

    def __init__(self, client: paramiko.SSHClient, jump: "SshHost | None", where: str) -> None:
        super().__init__(where, "", ())
        self._client = client
        self._jump = jump

    def masking(self, registry: str, sudo: tuple[str, ...]) -> "SshHost":
        """Say whose stored credentials are masked on the host."""
        self._registry, self._sudo = registry, sudo
        return self

    @property
    def alive(self) -> bool:
        """The Transport still stands, as far as this side knows."""
        transport = self._client.get_transport()
        return transport is not None and transport.is_active()

    @property
    def transport(self) -> paramiko.Transport:
        """The Transport, for further channels (a jump, later the engine's API)."""
        transport = self._client.get_transport()
        if transport is None or not transport.is_active():
            raise cut(self.where)
        return transport

    def open_stream(self, command: str) -> Stream:
        """Start `command` on a new channel."""
        try:
            channel = self.transport.open_session(timeout=CONNECT_TIMEOUT_S)
            _exec(channel, command)
        except (paramiko.SSHException, OSError, EOFError):
            raise (no_shell if self.alive else cut)(self.where) from None
        return _ChannelStream(channel, self.where)

    def close(self) -> None:
        """End the connection, and the jump host's after it."""
        self._client.close()
        if self._jump is not None:
            self._jump.close()


def _exec(channel: paramiko.Channel, command: str) -> None:
    """`exec_command` with an end: paramiko itself would wait for the host's answer for ever."""
    watchdog = threading.Timer(CONNECT_TIMEOUT_S, channel.close)
    watchdog.daemon = True
    watchdog.start()
    try:
        channel.exec_command(command)
    finally:
        watchdog.cancel()


class _ChannelStream:
    def __init__(self, channel: paramiko.Channel, where: str) -> None:
        self._channel = channel
        self._where = where
        self.complaint = ""

    def write_and_close(self, data: bytes) -> None:
        self._channel.settimeout(CONNECT_TIMEOUT_S)
        try:
            self._channel.sendall(data)
            self._channel.shutdown_write()
        except (OSError, EOFError):
            raise cut(self._where) from None

    def chunks(self, deadline: float) -> Iterator[bytes]:
        while True:
            self._hear_complaint(deadline)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise late(self._where)
            self._channel.settimeout(min(remaining, 5.0))
            try:
                data = self._channel.recv(65536)
            except TimeoutError:
                continue
            except (OSError, EOFError):
                raise cut(self._where) from None
            if not data:
                self._ended(deadline)
                return
            yield data

    def _hear_complaint(self, deadline: float) -> None:
        while self._channel.recv_stderr_ready() and time.monotonic() < deadline:
            said = self._channel.recv_stderr(4096).decode("utf-8", "replace")
            self.complaint = (self.complaint + said)[:2000]

    def _ended(self, deadline: float) -> None:
        """The output is over: either the command ended, or the connection did."""
        self._hear_complaint(deadline)
        transport = self._channel.get_transport()
        if not self._channel.status_event.wait(5) or transport is None or not transport.is_active():
            raise cut(self._where)

    def close(self) -> None:
        self._channel.close()


def connect(access: HostAccess, where: str) -> SshHost:
    """Open the connection that the target describes.

    Raises:
        HostError: not reached (temporary), not trusted, or the key was refused.
    """
    endpoint = resolved(access)
    jump = _jump_host(endpoint)
    client = paramiko.SSHClient()
    try:
        _pin(client, access, endpoint)
        _connect(client, endpoint, jump, where)
    except BaseException:
        client.close()
        if jump is not None:
            jump.close()
        raise
    host = SshHost(client, jump, where)
    host.transport.set_keepalive(_KEEPALIVE_S)
    return host


def _pin(client: paramiko.SSHClient, access: HostAccess, endpoint: Endpoint) -> None:
    if access.host_key:
        client.set_missing_host_key_policy(PinnedByFingerprint(access.host_key))
        return
    files = known_hosts_files(access.known_hosts or endpoint.known_hosts)
    for path in files:
        try:
            client.load_host_keys(str(path))
        except (OSError, paramiko.SSHException, ValueError):
            raise HostError(
                f"{path}: cannot be read as a known_hosts file", cause=Cause.SSH_HOST_KEY_MISMATCH
            ) from None
    client.set_missing_host_key_policy(RefuseUnknown(files))


def _jump_host(endpoint: Endpoint) -> SshHost | None:
    if endpoint.jump is None:
        return None
    address = f"{endpoint.jump.user or ''}@{endpoint.jump.address}:{endpoint.jump.port}".lstrip("@")
    if resolved(endpoint.jump).jump is not None:
        raise ConfigurationError(f"jump host {address}: needs a jump host itself (expected one jump at most)")
    return connect(endpoint.jump, f"jump host {address}")


def _connect(client: paramiko.SSHClient, endpoint: Endpoint, jump: SshHost | None, where: str) -> None:
    keys = _user_keys(endpoint, where)
    try:
        _log_in(client, endpoint, keys, _through(jump, endpoint, where))
    except HostError:
        raise
    except paramiko.BadHostKeyException as error:
        raise changed_key(where, error) from None
    except socket.gaierror:
        raise no_such_name(where, endpoint.address) from None
    except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
        if isinstance(error, paramiko.AuthenticationException) or _trusted(client):
            raise refused(where, keys, error) from None
        raise unreachable(where, error) from None


def _user_keys(endpoint: Endpoint, where: str) -> UserKeys:
    if endpoint.identity_block is not None:
        key = key_from(kept_key(endpoint.identity_block, where))
        if key is None:
            raise no_key_in_block(where, endpoint.identity_block)
        return UserKeys(block=endpoint.identity_block, kept=key)
    keys = key_files(endpoint.identity_files)
    if keys.unreadable and not (keys.usable or keys.encrypted):
        raise unreadable_key(where, keys)
    return keys


def _log_in(client: paramiko.SSHClient, endpoint: Endpoint, keys: UserKeys, sock: paramiko.Channel | None) -> None:
    named: Any = list(keys.usable)  # paramiko takes a list, its stubs say str
    client.connect(
        endpoint.address,
        port=endpoint.port,
        username=endpoint.user,
        pkey=keys.kept,
        key_filename=named,
        look_for_keys=not endpoint.identity_files and keys.kept is None,
        allow_agent=True,
        timeout=CONNECT_TIMEOUT_S,
        banner_timeout=CONNECT_TIMEOUT_S,
        auth_timeout=CONNECT_TIMEOUT_S * 2,
        channel_timeout=CONNECT_TIMEOUT_S,
        sock=sock,
    )


def _trusted(client: paramiko.SSHClient) -> bool:
    """Keys were exchanged and the host's was accepted: what fails from here on is the login."""
    transport = client.get_transport()
    return transport is not None and transport.initial_kex_done and transport.is_active()


def _through(jump: SshHost | None, endpoint: Endpoint, where: str) -> paramiko.Channel | None:
    if jump is None:
        return None
    try:
        return jump.transport.open_channel(
            "direct-tcpip", (endpoint.address, endpoint.port), ("127.0.0.1", 0), timeout=CONNECT_TIMEOUT_S
        )
    except paramiko.SSHException as error:
        raise unreachable(where, error) from None
