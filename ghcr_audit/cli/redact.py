"""`ghcr-audit redact`: a file or a stream without its secrets. No network, no Prefect, no host.

Works as a filter of endless input: a line is written as soon as it is complete.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.redaction import Redactor
from ghcr_audit.redaction.stream import redact_stream


def run(options: argparse.Namespace) -> int:
    """Filter `options.file` (`-`: standard input) to standard output; on stderr, what was replaced, if anything was.

    Exit code 0, also when whoever reads has gone. Raises ConfigurationError where the file cannot be read.
    """
    try:
        with _opened(options.file) as stream:
            replaced = redact_stream(_Readable(stream, options.file), sys.stdout.buffer, Redactor())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends
        return 0
    if replaced:
        print(_told(replaced), file=sys.stderr)
    return 0


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise _unreadable(name, error) from None


class _Readable:
    """Tells trouble with reading from trouble with writing: a folder opens, and cannot be read."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name

    def read(self, size: int) -> bytes:
        """What is there, at most `size` bytes; b"" at the end."""
        try:
            return self._stream.read1(size)  # type: ignore[attr-defined,no-any-return]
        except OSError as error:
            raise _unreadable(self._name, error) from None


def _unreadable(name: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"redact: {name}: cannot be read: {error.strerror}", hint="Name a file, or - for standard input."
    )


def _told(replaced: Mapping[str, int]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(replaced.items()))
    return f"redacted {sum(replaced.values())} ({kinds})"
