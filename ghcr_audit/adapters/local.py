"""The machine the audit itself runs on, through the same framed exec as a remote host."""

import os
import selectors
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from ghcr_audit.adapters.host import FramedHost, Stream
from ghcr_audit.causes import Cause
from ghcr_audit.errors import HostError

_PASSED_ON = (
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
)
"""The only variables that commands on this machine see: nothing of ours, so no secret of ours."""


_LAST_STEPS_S = 1
"""What the framed shell gets for removing its scratch folder after its last word."""


class LocalHost(FramedHost):
    """Runs commands on this machine, as this user."""

    def __init__(self, registry: str = "", sudo: tuple[str, ...] = ()) -> None:
        super().__init__("this machine", registry, sudo)

    def open_stream(self, command: str) -> Stream:
        """Start `command` with the shell, in a session of its own."""
        return _ProcessStream(command)

    def close(self) -> None:
        """Nothing is held between two calls."""


class _ProcessStream:
    def __init__(self, command: str) -> None:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S602 - the shell is what is asked for; words are quoted
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self.complaint = ""

    def write_and_close(self, data: bytes) -> None:
        stdin = _pipe(self._process.stdin)
        with suppress(BrokenPipeError):
            stdin.write(data)
            stdin.close()

    def chunks(self, deadline: float) -> Iterator[bytes]:
        out, err = _pipe(self._process.stdout), _pipe(self._process.stderr)
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            selector.register(err, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in self._ready(selector, deadline):
                    data = os.read(key.fd, 65536)
                    if not data:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is out:
                        yield data
                    else:
                        self.complaint = (self.complaint + data.decode("utf-8", "replace"))[:2000]

    def _ready(self, selector: selectors.BaseSelector, deadline: float) -> list[tuple[selectors.SelectorKey, int]]:
        ready = selector.select(max(0.0, deadline - time.monotonic()))
        if not ready or time.monotonic() > deadline:
            raise HostError(
                "this machine: run commands: no answer in time",
                cause=Cause.NETWORK_UNREACHABLE_OR_TIMEOUT,
                temporary=True,
            )
        return ready

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(BrokenPipeError):  # what a shell that ended early did not read
                _pipe(pipe).close()
        try:
            self._process.wait(timeout=_LAST_STEPS_S)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(timeout=10)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the process was started without this pipe")
    return stream
