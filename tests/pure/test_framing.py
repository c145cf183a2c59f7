"""Frames: whatever a host sends is a sequence of answers or one named error, and never much memory."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.commands import Answer, Progress
from ghcr_audit.framing import FrameReader, FramingError, HostLacksError

pytestmark = pytest.mark.pure

NONCE = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
CAP = 4096

KEYS = st.text("abcz09_.:-", min_size=1, max_size=80)
PAYLOADS = st.binary(max_size=1500)
BANNERS = st.binary(max_size=300).filter(lambda data: NONCE.encode() not in data)


def line(*words: object) -> bytes:
    return " ".join(map(str, (NONCE, *words))).encode() + b"\n"


def frame(key: str, out: bytes = b"", err: bytes = b"", *, code: int = 0, cut: int = 0) -> bytes:
    return line("frame", key, code, 12, len(out), len(err), cut) + out + err


def read(data: bytes, cuts: Iterable[int] = ()) -> list[Answer | Progress]:
    """All events of an answer that arrives in the pieces between `cuts`."""
    reader = FrameReader(NONCE, CAP)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    events = [event for start, end in pairwise(places) for event in reader.feed(data[start:end])]
    reader.close()
    return events


@given(BANNERS, st.lists(st.tuples(KEYS, PAYLOADS, PAYLOADS), max_size=4), st.lists(st.integers(0, 9000)))
def test_frames_come_back_whole_however_the_bytes_arrive(
    banner: bytes, answers: list[tuple[str, bytes, bytes]], cuts: list[int]
) -> None:
    data = banner + line("begin") + b"".join(frame(*answer) for answer in answers) + line("end")
    assert read(data, cuts) == [
        Answer(
            key=key,
            exit_code=0,
            duration_ms=12,
            stdout=out.decode("utf-8", "replace"),
            stderr=err.decode("utf-8", "replace"),
        )
        for key, out, err in answers
    ]


HOSTILE_WORDS = st.sampled_from(
    ["begin", "end", "frame", "lacks", "progress", "a.key", "-1", "0", "7", "99999999999", "٣", "²", "x", "", "\x1b[2J"]
)
HOSTILE = st.lists(
    st.one_of(
        st.binary(max_size=600),
        st.lists(HOSTILE_WORDS, max_size=8).map(lambda words: line(*words)),
        st.just(NONCE.encode() + b" "),
    ),
    max_size=12,
).map(b"".join)


@given(HOSTILE, st.lists(st.integers(0, 4000)))
def test_any_bytes_give_events_or_one_of_two_named_errors(data: bytes, cuts: list[int]) -> None:
    try:
        events = read(data, cuts)
    except HostLacksError as error:
        assert str(error).isprintable()
    except FramingError:
        pass
    else:
        assert all(isinstance(event, Answer | Progress) for event in events)


def test_what_a_payload_says_is_never_taken_for_a_frame() -> None:
    forged = frame("forged", b"lie") + line("end")
    (answer,) = read(line("begin") + frame("k", forged, forged, code=3, cut=1) + line("end"))
    assert isinstance(answer, Answer)
    assert (answer.stdout.encode(), answer.exit_code, answer.cut) == (forged, 3, True)


def test_progress_is_told_between_frames() -> None:
    data = line("begin") + line("progress", "pull.tag", 2, 7) + frame("pull.tag") + line("end")
    assert read(data)[0] == Progress(key="pull.tag", done=2, total=7)


def test_what_follows_the_end_is_ignored() -> None:
    assert read(line("begin") + line("end") + b"logout\n" + frame("late")) == []


@pytest.mark.parametrize("size", range(0, 130, 7))
def test_an_answer_that_ends_early_is_an_error(size: int) -> None:
    whole = line("begin") + frame("k", b"out", b"err") + line("end")
    with pytest.raises(FramingError, match="ends early"):
        read(whole[: min(size, len(whole) - 1)])


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (line("frame", "k", 0, 1, 2), "malformed"),
        (line("frame", "k k", 0, 1, 2, 3, 0), "malformed"),
        (line("frame", "K", 0, 1, 2, 3, 0), "malformed"),
        (line("else", "k", 0, 1, 2, 3, 0), "malformed"),
        (line("frame", "k", -1, 1, 0, 0, 0), "no number"),
        (line("frame", "k", "²", 1, 0, 0, 0), "no number"),
        (line("frame", "k", 0, "9" * 12, 0, 0, 0), "no number"),
        (line("frame", "k", 0, 1, CAP, 1, 0), "announces 4097 bytes"),
        (line("progress", "k", 1), "malformed"),
        (line("progress", "\x1b[2J", 1, 2), "malformed"),
        (line("lacks"), "malformed"),
        (line("lacks", "\x1b[31mawk"), "malformed"),
        (b"somebody else's words\n", "does not begin with the nonce"),
        (line("frame", "k" * 500), "too long"),
    ],
)
def test_a_malformed_header_is_named(told: bytes, problem: str) -> None:
    with pytest.raises(FramingError, match=problem):
        read(line("begin") + told + line("end"))


def test_a_missing_program_is_named() -> None:
    with pytest.raises(HostLacksError, match=r"^timeout$"):
        read(b"Welcome!\n" + line("lacks", "timeout"))


def test_a_host_that_only_talks_costs_no_memory() -> None:
    reader = FrameReader(NONCE, CAP)
    for _ in range(200):
        assert list(reader.feed(b"never a frame " * 1000)) == []
    assert len(reader._buffer) < len(NONCE) + 1


def test_a_host_that_talks_on_after_the_end_costs_no_memory() -> None:
    reader = FrameReader(NONCE, CAP)
    assert list(reader.feed(line("begin") + line("end") + b"logout\n")) == []
    for _ in range(200):
        assert list(reader.feed(b"never a frame " * 1000)) == []
    assert reader.ended and len(reader._buffer) == 0
