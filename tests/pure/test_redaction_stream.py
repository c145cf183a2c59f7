"""A redacted stream is the redacted whole, however it is cut; lines leave at once; memory is bounded."""

import base64
import io
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.redaction import Redactor
from ghcr_audit.redaction.stream import WINDOW, StreamRedactor, redact_stream

TOKEN = "ghp_" + "lab0" * 9
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "bGFi" * 16 + "\nbGFi=\n-----END OPENSSH PRIVATE KEY-----"
KNOWN = "lab known value 0123"
LINES = (
    "2026-11-23 GET /health 200",
    f"pulled with {TOKEN}",
    KEY,
    f"A_TOKEN={TOKEN}",
    '"auth":\n  "bGFi"',
    "Authorization: Basic\n bGFiOmxhYjA=",
    KNOWN,
    f"x {KNOWN[:9]}\n{KNOWN[9:]} y",
    base64.b64encode(f"lab:{KNOWN}".encode()).decode(),
    "",
    "wörter \0 und \udcff",
    "docker login -p lab0 127.0.0.1",
    "lab known",
    "-----END",
)


@settings(deadline=None, max_examples=150)
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=12),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_stream_in_pieces_is_the_whole_redacted(lines: list[str], sizes: list[int], newline: str) -> None:
    text = newline.join(lines)
    whole, stream = _learned(), StreamRedactor(_learned())
    pieces, data, turn = b"", text.encode("utf-8", "surrogateescape"), 0
    while data:
        size = sizes[turn % len(sizes)]
        pieces, data, turn = pieces + stream.feed(data[:size]), data[size:], turn + 1
    pieces += stream.close()
    assert pieces == whole.redact(text).encode("utf-8", "surrogateescape")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_bytes_without_a_secret_survive_byte_for_byte(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    if _learned().redact(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape") != data:
        return
    stream = StreamRedactor(_learned())
    assert b"".join(stream.feed(piece) for piece in pieces) + stream.close() == data


def test_a_line_leaves_as_soon_as_it_is_complete() -> None:
    stream = StreamRedactor(_learned())
    assert stream.feed(b"one\ntw") == b"one\n"
    assert stream.feed(b"o\n") == b"two\n"


def test_the_beginning_of_a_key_or_of_a_known_value_waits() -> None:
    stream = StreamRedactor(_learned())
    assert stream.feed(b"one\n-----BEGIN PRIVATE KEY-----\nbGFibGFibGFibGFi\n") == b"one\n"
    assert stream.feed(b"bGFi=\n-----END PRIVATE KEY-----\n") == b"[private-key#1]\n"
    assert stream.feed(b"x " + KNOWN[:8].encode() + b"\n") == b""
    assert stream.feed(KNOWN[8:].encode() + b"\n") == b"x [known#1]\n"


def test_megabyte_lines_survive_and_secrets_in_them_do_not() -> None:
    filler = b"lorem ipsum 0123 " * 9000
    line = (filler + TOKEN.encode() + b" ") * 40
    out = _streamed(line + b"\n" + filler)
    assert len(line) > 5 * WINDOW
    assert out == (filler + b"[github-token#1] ") * 40 + b"\n" + filler


@pytest.mark.parametrize("shift", range(-40, 41, 8))
def test_a_secret_across_the_edge_of_the_window_is_found(shift: int) -> None:
    before = b"x " * ((WINDOW - 65_536 + shift) // 2)
    after = b" y" * 40_000
    assert _streamed(before + TOKEN.encode() + after) == before + b"[github-token#1]" + after


def test_of_a_secret_longer_than_the_window_nothing_is_left_and_the_next_line_is() -> None:
    out = _streamed(b'{"password":"' + b"lab0" * WINDOW + b'"}\nnext\n')
    assert b"lab0" not in out
    assert re.fullmatch(rb'\{"password":"\[secret#[0-9]\]\nnext\n', out)


def test_memory_is_bounded(tmp_path: Path) -> None:
    source = tmp_path / "long"
    source.write_bytes((b"no newline here " * 65_536) * 24)
    tracemalloc.start()
    with source.open("rb") as reader, (tmp_path / "out").open("wb") as writer:
        redact_stream(reader, writer, _learned())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "out").read_bytes() == source.read_bytes()
    assert peak < 16 * WINDOW


def test_a_key_without_an_end_is_redacted_and_what_follows_is_not_lost() -> None:
    lines = b"".join(b"line %d of the log\n" % number for number in range(9000))
    out = _streamed(b"-----BEGIN PRIVATE KEY-----\nbGFibGFibGFibGFi\n" + lines)
    assert b"bGFi" not in out
    assert out.endswith(lines[-100_000:])


def test_what_was_replaced_is_counted_by_kind() -> None:
    counts = redact_stream(io.BytesIO(f"{TOKEN}\n{TOKEN}\n{KNOWN}".encode()), io.BytesIO(), _learned())
    assert counts == {"github-token": 2, "known": 1}


def _learned() -> Redactor:
    redactor = Redactor()
    redactor.learn(KNOWN, "known", user="lab")
    return redactor


def _streamed(data: bytes) -> bytes:
    out = io.BytesIO()
    redact_stream(io.BytesIO(data), out, _learned())
    return out.getvalue()
