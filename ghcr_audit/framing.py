"""Many commands in one exec: the script that goes to the host, and the frames that come back.

Wire form, under a nonce of the run (see host_scripts/frame.sh): `NONCE begin`; for each command
`NONCE frame KEY CODE MS OUT ERR CUT`, then OUT bytes of stdout and ERR bytes of stderr; in the end `NONCE end`.
In between a running command may say `NONCE progress KEY DONE TOTAL`. Whatever stands before `begin` (a login
banner of the shell) is ignored. Pure: adapters move the bytes.
"""

import pkgutil
import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from ghcr_audit.commands import Answer, Command, Progress

_HEADER_CAP = 400
_KEY = re.compile(r"[a-z0-9_.:-]{1,80}")
_PROGRAM = re.compile(r"[a-z0-9-]{1,40}")


class FramingError(ValueError):
    """The host's answer is no well-formed sequence of frames."""


class HostLacksError(ValueError):
    """The host has no `args[0]`, a program that the framed script needs."""


@cache
def host_script(name: str) -> str:
    """The text of a POSIX sh or awk program that ships with the package."""
    text = pkgutil.get_data("ghcr_audit", f"host_scripts/{name}")  # importlib.resources takes 5 ms to import
    if text is None:
        raise FileNotFoundError(f"host_scripts/{name}: the package gives out no files")
    return text.decode()


def framed_script(commands: Collection[Command], *, nonce: str, registry: str = "", sudo: tuple[str, ...] = ()) -> str:
    """The POSIX sh program that runs `commands` in order, those `aside` in a second row, and answers in frames.

    `registry` is the one whose credential helpers are asked for values to mask; `sudo` is the prefix with
    which docker is run as another user, whose config then is masked too.
    """
    assignments = {
        "GA_NONCE": nonce,
        "GA_TOTAL": str(len(commands)),
        "GA_ASIDE": str(sum(command.aside for command in commands)),
        "GA_REGISTRY": registry,
        "GA_SUDO": " ".join(sudo),
        "GA_MASKS_AWK": host_script("masks.awk"),
        "GA_MASK_AWK": host_script("mask.awk"),
    }
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in assignments.items())
    if len({command.key for command in commands}) != len(commands):
        raise ValueError("two commands of one exec have the same key")
    rows = _function("ga_commands", commands, aside=False) + _function("ga_aside", commands, aside=True)
    return f"set +a\nunset {' '.join(assignments)}\n{head}{rows}{host_script('frame.sh')}"


def _function(name: str, commands: Collection[Command], *, aside: bool) -> str:
    calls = "".join(f"  {_call(command)}\n" for command in commands if command.aside is aside)
    return f"{name}() {{\n  :\n{calls}}}\n"


def _call(command: Command) -> str:
    if not _KEY.fullmatch(command.key):
        raise ValueError(f"command key {command.key!r} would break the frame")
    if command.aside and (command.reads_stdin or command.progress):
        raise ValueError(f"command {command.key}: what runs aside has neither input nor progress")
    done, total = command.progress or ("", "")
    words = (
        command.key,
        command.limit_s,
        command.cap_bytes,
        int(command.reads_stdin),
        done,
        total,
        command.text,
    )
    return shlex.join(["ga_run", *map(str, words)])


@dataclass(slots=True)
class _Header:
    answer: Answer
    out: int
    err: int


class FrameReader:
    """Reads frames from chunks of bytes as they arrive.

    Feed it every chunk until `ended`, then call `close`. It holds at most one frame plus one chunk in memory, and
    nothing after the end.
    """

    def __init__(self, nonce: str, cap_bytes: int) -> None:
        self._prefix = nonce.encode() + b" "
        self._cap_bytes = cap_bytes
        self._buffer = bytearray()
        self._pending: _Header | None = None
        self._begun = self.ended = False

    def feed(self, data: bytes) -> Iterator[Answer | Progress]:
        """What the bytes so far complete, in order.

        Raises:
            FramingError: a header is malformed or announces more than the cap.
            HostLacksError: the host has not what the script needs.
        """
        self._buffer += data
        while not self.ended and (event := self._next()) is not None:
            if not isinstance(event, bool):
                yield event
        if self.ended:
            self._buffer.clear()

    def close(self) -> None:
        """Raise FramingError unless the answer was complete."""
        if not self.ended:
            raise FramingError(f"the answer ends early ({len(self._buffer)} bytes without a frame)")

    def _next(self) -> Answer | Progress | bool | None:
        """The next event; True when something else was consumed; None when more bytes are needed."""
        if self._pending is not None:
            return self._payload(self._pending)
        if not self._begun and not self._skip_to_prefix():
            return None
        line, newline, _ = self._buffer[:_HEADER_CAP].partition(b"\n")
        if not newline:
            if len(line) >= _HEADER_CAP:
                raise FramingError("a header line is too long")
            return None
        del self._buffer[: len(line) + 1]
        return self._header(bytes(line))

    def _skip_to_prefix(self) -> bool:
        at = self._buffer.find(self._prefix)
        if at < 0:
            keep = len(self._prefix) - 1
            del self._buffer[: max(0, len(self._buffer) - keep)]
            return False
        del self._buffer[:at]
        return True

    def _header(self, line: bytes) -> Progress | bool:
        if not line.startswith(self._prefix):
            raise FramingError("a frame does not begin with the nonce")
        kind, *words = line[len(self._prefix) :].decode("ascii", "replace").split(" ")
        if kind == "begin":
            self._begun = True
        elif kind == "end":
            self.ended = True
        elif kind == "lacks":
            raise _lacks(words)
        elif kind == "progress":
            return _progress(words)
        else:
            self._pending = self._frame_header(kind, words)
        return True

    def _frame_header(self, kind: str, words: list[str]) -> _Header:
        if kind != "frame" or len(words) != 6 or not _KEY.fullmatch(words[0]):  # noqa: PLR2004
            raise FramingError("a frame's header is malformed")
        code, ms, out, err, cut = _numbers(words[1:])
        if out + err > self._cap_bytes:
            raise FramingError(f"a frame announces {out + err} bytes (cap {self._cap_bytes})")
        answer = Answer(key=words[0], exit_code=code, duration_ms=ms, stdout="", stderr="", cut=bool(cut))
        return _Header(answer, out, err)

    def _payload(self, header: _Header) -> Answer | None:
        if len(self._buffer) < header.out + header.err:
            return None
        out = bytes(self._buffer[: header.out])
        err = bytes(self._buffer[header.out : header.out + header.err])
        del self._buffer[: header.out + header.err]
        self._pending = None
        told = header.answer
        return Answer(
            key=told.key,
            exit_code=told.exit_code,
            duration_ms=told.duration_ms,
            stdout=out.decode("utf-8", "replace"),
            stderr=err.decode("utf-8", "replace"),
            cut=told.cut,
        )


def _numbers(words: list[str]) -> list[int]:
    if not all(word.isascii() and word.isdigit() and len(word) < 12 for word in words):  # noqa: PLR2004
        raise FramingError("a header holds something that is no number")
    return [int(word) for word in words]


def _progress(words: list[str]) -> Progress:
    if len(words) != 3 or not _KEY.fullmatch(words[0]):  # noqa: PLR2004 - KEY DONE TOTAL
        raise FramingError("a progress line is malformed")
    done, total = _numbers(words[1:])
    return Progress(key=words[0], done=done, total=total)


def _lacks(words: list[str]) -> ValueError:
    if len(words) != 1 or not _PROGRAM.fullmatch(words[0]):
        return FramingError("what the host lacks is malformed")
    return HostLacksError(words[0])
