"""A host: runs commands in one framed exec and gives back redacted answers. SSH and local share this."""

import secrets
import shlex
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ghcr_audit.causes import Cause
from ghcr_audit.commands import Answer, Command, Progress
from ghcr_audit.credentials import Secret
from ghcr_audit.errors import HostError
from ghcr_audit.framing import FrameReader, FramingError, HostLacksError, framed_script
from ghcr_audit.redaction import current_redactor

SLACK_S = 30
"""How long beyond the sum of all host-side limits the controller waits before it gives a host up."""
GRACE_S = 6
"""What the host may take for one command beyond its limit: TERM, KILL, and reading its last output."""


class Stream(Protocol):
    """The byte stream of one exec: no terminal, standard input and output only."""

    def write_and_close(self, data: bytes) -> None:
        """Send all of the standard input and end it."""

    def chunks(self, deadline: float) -> Iterator[bytes]:
        """Standard output as it comes, until it ends. `deadline` is of `time.monotonic`.

        Raises:
            HostError: (temporary) the deadline passed or the connection broke.
        """

    def close(self) -> None:
        """Give the exec up."""

    @property
    def complaint(self) -> str:
        """What the shell itself said on standard error, at most 2,000 characters."""


class Host(Protocol):
    """Where commands are run. One connection; every command has its limits enforced there."""

    where: str

    def run(
        self,
        commands: Sequence[Command],
        *,
        stdin: Secret | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> dict[str, Answer]:
        """The redacted answer to each command, by key."""

    def close(self) -> None:
        """End the connection."""


class FramedHost(ABC):
    """What every kind of host does alike: frame, send, read back, redact."""

    def __init__(self, where: str, registry: str, sudo: tuple[str, ...]) -> None:
        self.where = where
        self._registry = registry
        self._sudo = sudo

    @abstractmethod
    def open_stream(self, command: str) -> Stream:
        """Start `command` on the host through its shell."""

    def run(
        self,
        commands: Sequence[Command],
        *,
        stdin: Secret | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> dict[str, Answer]:
        """The redacted answer to each command, by key.

        `stdin` is fed to the commands that read it; it never stands in a command line: then the script travels
        as an argument of `sh -c`, else on standard input.

        Raises:
            HostError: the connection broke, the time was up, or the host lacks what the framed exec needs.
        """
        nonce = secrets.token_hex(16)
        script = framed_script(commands, nonce=nonce, registry=self._registry, sudo=self._sudo)
        stream = self._started(script, stdin)
        try:
            return self._collected(commands, stream, nonce, on_progress)
        except HostLacksError as error:
            raise _lacks(self.where, str(error.args[0])) from None
        except FramingError as error:
            raise _no_frames(self.where, str(error), stream.complaint) from None
        finally:
            stream.close()

    def _started(self, script: str, stdin: Secret | None) -> Stream:
        if stdin is None:
            stream = self.open_stream("sh -s")
            stream.write_and_close(script.encode())
        else:
            stream = self.open_stream(shlex.join(["sh", "-c", script]))
            stream.write_and_close(stdin.get_secret_value().encode())
        return stream

    def _collected(
        self,
        commands: Sequence[Command],
        stream: Stream,
        nonce: str,
        on_progress: Callable[[Progress], None] | None,
    ) -> dict[str, Answer]:
        reader = FrameReader(nonce, cap_bytes=2 * max((c.cap_bytes for c in commands), default=0))
        deadline = time.monotonic() + sum(command.limit_s + GRACE_S for command in commands) + SLACK_S
        asked = {command.key for command in commands}
        answers: dict[str, Answer] = {}
        for chunk in stream.chunks(deadline):
            for event in reader.feed(chunk):
                if event.key not in asked:
                    raise FramingError("an answer to what was not asked")
                if isinstance(event, Answer):
                    answers[event.key] = redacted(event)
                elif on_progress:
                    on_progress(event)
            if reader.ended:
                break
        reader.close()
        if missing := [command.key for command in commands if command.key not in answers]:
            raise FramingError(f"no answer to {', '.join(missing)}")
        return answers


def redacted(answer: Answer) -> Answer:
    """The answer as it may leave the adapter."""
    redact = current_redactor().redact
    return Answer(
        key=answer.key,
        exit_code=answer.exit_code,
        duration_ms=answer.duration_ms,
        stdout=redact(answer.stdout),
        stderr=redact(answer.stderr),
        cut=answer.cut,
    )


_REMEDIES = {
    "awk": "Install an awk on the host (package mawk, gawk or busybox); nothing was run.",
    "builtin-printf": "No value could be kept out of the process list in the login's `sh`: use dash or bash.",
    "working-awk": "The awk of the host fails, so nothing could be masked and nothing was run: install mawk or gawk.",
    "readable-docker-config": "The docker config.json of the host is larger than 1 MiB or cannot be read within "
    "seconds, so what must be masked is not known and nothing was run.",
    "temporary-space": "Neither /dev/shm nor the temporary folder of the host can be written to.",
}


def _lacks(where: str, program: str) -> HostError:
    return HostError(
        f"{where}: run commands: the host lacks {program}",
        cause=Cause.OTHER,
        hint=_REMEDIES.get(program, f"Install {program} on the host (package coreutils or busybox); nothing was run."),
    )


def _no_frames(where: str, problem: str, complaint: str) -> HostError:
    said = current_redactor().redact(complaint).strip().splitlines()
    told = f"; its shell said: {said[0][:200]}" if said else ""
    return HostError(
        f"{where}: run commands: no usable answer ({problem}{told})",
        cause=Cause.NETWORK_UNREACHABLE_OR_TIMEOUT,
        hint="The login needs a POSIX `sh` and must not be restricted to one forced command.",
        temporary=True,
    )
