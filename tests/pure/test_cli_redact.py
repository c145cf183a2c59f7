"""`ghcr-audit redact` as a filter: lines pass at once, nothing is lost, ends are quiet."""

import argparse
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.cli.redact import run
from ghcr_audit.errors import ConfigurationError

TOKEN = "ghp_" + "lab0" * 9
PROGRAM = (
    "import argparse, sys; from ghcr_audit.cli.redact import run; sys.exit(run(argparse.Namespace(file=sys.argv[1])))"
)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def filtering() -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", PROGRAM, "-"], stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT) as it:
        yield it
        if it.poll() is None:
            it.send_signal(signal.SIGTERM)


def test_a_file_is_redacted_and_what_was_replaced_is_told(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = tmp_path / "log"
    source.write_bytes(f'a {TOKEN}\n"auth": "bGFi"\n\0\udcff'.encode("utf-8", "surrogateescape"))
    assert run(argparse.Namespace(file=str(source))) == 0
    seen = capfdbinary.readouterr()
    assert seen.out == b'a [github-token#1]\n"auth": "[secret#1]"\n\0\xff'
    assert seen.err == b"redacted 2 (github-token 1, secret 1)\n"


def test_nothing_is_told_where_nothing_was_replaced(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    source = tmp_path / "log"
    source.write_bytes(b"ordinary\r\n\r\n")
    assert run(argparse.Namespace(file=str(source))) == 0
    assert capfdbinary.readouterr() == (b"ordinary\r\n\r\n", b"")


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"redact: .*absent: cannot be read: No such file") as refused:
        run(argparse.Namespace(file=str(tmp_path / "absent")))
    assert refused.value.exit_code == 2


def test_a_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        run(argparse.Namespace(file=str(tmp_path)))


def test_each_line_of_an_endless_source_passes_within_a_second(filtering: subprocess.Popen[bytes]) -> None:
    assert filtering.stdin is not None
    for number, expected in enumerate((b"one\n", b"A_TOKEN=[secret#1]\n", b"[github-token#1]\n")):
        filtering.stdin.write((b"one\n", b"A_TOKEN=lab0\n", TOKEN.encode() + b"\n")[number])
        filtering.stdin.flush()
        assert _line(filtering, timeout_s=20 if number == 0 else 2) == expected
    filtering.stdin.close()
    assert filtering.wait(10) == 0
    assert filtering.stderr is not None
    assert filtering.stderr.read() == b"redacted 2 (github-token 1, secret 1)\n"


def test_a_reader_that_goes_away_ends_it_quietly(filtering: subprocess.Popen[bytes]) -> None:
    assert filtering.stdin is not None
    assert filtering.stdout is not None
    assert filtering.stderr is not None
    filtering.stdin.write(b"one\n")
    filtering.stdin.flush()
    assert _line(filtering, timeout_s=20) == b"one\n"
    filtering.stdout.close()
    filtering.stdin.write(b"two\n")
    filtering.stdin.flush()
    assert filtering.wait(10) == 0
    assert filtering.stderr.read() == b""


def _line(process: subprocess.Popen[bytes], timeout_s: float) -> bytes:
    """What arrives until a line is complete; less, when time is up."""
    assert process.stdout is not None
    found, until = b"", time.monotonic() + timeout_s
    while not found.endswith(b"\n") and select.select([process.stdout], [], [], max(0, until - time.monotonic()))[0]:
        piece = os.read(process.stdout.fileno(), 4096)
        if not piece:
            break
        found += piece
    return found
