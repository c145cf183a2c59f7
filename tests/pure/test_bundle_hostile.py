"""Archives that nobody of ours has made: a clear word, within limits of memory and time, and nothing is unpacked."""

import gzip
import io
import tarfile
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.bundle import content as limits
from ghcr_audit.bundle.archive import END, archived, compressed, padded, tar_header, tarred
from ghcr_audit.bundle.content import Member
from ghcr_audit.bundle.damage import NoBundleError
from ghcr_audit.bundle.reading import opened
from ghcr_audit.bundle.verified import verified

pytestmark = pytest.mark.pure

TIME_S = 1_763_800_000
GOOD = Member(name="report.md", content=b"# report\n")
MIB = 1024 * 1024


def told(archive: bytes) -> list[str]:
    return [str(damage) for damage in opened(archive).damages]


def tar_of(*infos: tarfile.TarInfo, content: bytes = b"") -> bytes:
    """A bundle whose tar was made by another hand; a member of size > 0 has this content."""
    parts = [info.tobuf(tarfile.USTAR_FORMAT) + (padded(content) if info.size else b"") for info in infos]
    return compressed(b"".join(parts) + END)


def member(name: str, *, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mtime, info.mode = size, kind, link, TIME_S, 0o644
    return info


def never_signed(_: object) -> tuple[str, ...]:
    raise AssertionError("there is no signature to be checked")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../report.md", "a name that leads out of the bundle"),
        ("blobs/../../etc/passwd", "a name that leads out of the bundle"),
        ("/etc/passwd", "an absolute name"),
        ("./report.md", "no member of a bundle has this name"),
        ("report.md/", "no member of a bundle has this name"),
        ("blobs/" + "A" * 64, "no member of a bundle has this name"),
        ("blobs/" + "a" * 63, "no member of a bundle has this name"),
        ("run.sh", "no member of a bundle has this name"),
        ("report.md\n", "no member of a bundle has this name"),
    ],
)
def test_a_member_with_a_name_that_no_bundle_has_is_refused(name: str, why: str) -> None:
    assert any("refused" in one and why in one for one in told(tar_of(member(name))))
    assert opened(tar_of(member(name))).members == {}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.DIRTYPE, "a directory"),
        (b"x", "of another kind"),
        (b"L", "of another kind"),
        (b"S", "of another kind"),
        (b"7", "of another kind"),
    ],
)
def test_what_is_not_a_plain_file_is_refused(kind: bytes, words: str) -> None:
    archive = tar_of(member("report.md", kind=kind, link="/etc/passwd"))
    assert any(f"refused: {words}, not a file" in one for one in told(archive))
    assert opened(archive).members == {}


def test_a_name_that_stands_there_twice_is_named_and_the_first_counts() -> None:
    first, second = member("report.md", size=5), member("report.md", size=5)
    tar = first.tobuf(tarfile.USTAR_FORMAT) + padded(b"first") + second.tobuf(tarfile.USTAR_FORMAT) + padded(b"other")
    archive = compressed(tar + END)
    assert any("repeated" in one for one in told(archive))
    assert opened(archive).content("report.md") == b"first"


@pytest.mark.parametrize("size", [10 * 1024**3, 64 * MIB + 1, 2**62])
def test_a_member_that_says_it_is_larger_than_any_is_refused_before_it_is_read(size: int) -> None:
    info = member("ledger.jsonl", size=size)
    archive = compressed(info.tobuf(tarfile.GNU_FORMAT) + b"x" * 512)
    assert any("refused" in one and str(size) in one for one in told(archive))


def test_a_negative_size_is_refused() -> None:
    header = bytearray(tar_header("ledger.jsonl", 0, TIME_S))
    header[124:136] = b"\xff" * 12
    checksum = 256 + sum(header[:148]) + sum(header[156:])
    header[148:156] = f"{checksum:06o}\0 ".encode()
    assert any("refused" in one for one in told(compressed(bytes(header) + END)))


def _bomb(size_bytes: int) -> bytes:
    """Zeros, in as many members as are allowed, compressed a thousandfold."""
    parts = io.BytesIO()
    with gzip.GzipFile(fileobj=parts, mode="wb", compresslevel=9) as packed:
        for number in range(size_bytes // (60 * MIB) + 1):
            packed.write(tar_header(f"blobs/{number:064x}", 60 * MIB, TIME_S))
            for _ in range(60):
                packed.write(bytes(MIB))
        packed.write(END)
    return parts.getvalue()


def test_a_zip_bomb_is_refused_within_bounded_memory() -> None:
    bomb = _bomb(600 * MIB)
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        found = told(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert any("it holds more than any bundle does" in one for one in found)
    assert peak < limits.KEPT_LIMIT_BYTES + 96 * MIB


def test_more_members_than_any_bundle_has_are_refused() -> None:
    headers = b"".join(tar_header(f"blobs/{number:064x}", 0, TIME_S) for number in range(limits.MEMBERS_LIMIT + 5))
    found = opened(compressed(headers + END))
    assert len(found.members) == limits.MEMBERS_LIMIT
    assert any("refused" in str(one) for one in found.damages)


def test_an_endless_tail_after_the_end_is_not_read_on() -> None:
    archive = compressed(tarred([GOOD], time_s=TIME_S) + bytes(200 * MIB))
    assert "archive: altered: data follow the end of the tar" in told(archive)


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 512, b"garbage", gzip.compress(b"another member", mtime=0)])
def test_whatever_follows_the_compressed_data_is_named(tail: bytes) -> None:
    archive = archived([GOOD], time_s=TIME_S)
    assert told(archive) == []
    assert "archive: altered: something follows the compressed data" in told(archive + tail)


def test_a_truncated_archive_is_told_to_be_so() -> None:
    archive = archived([Member(name="report.md", content=bytes(range(256)) * 40)], time_s=TIME_S)
    for length in range(20, len(archive) - 1, 37):
        assert any("truncated" in one or "altered" in one for one in told(archive[:length])), length
    assert any(one.startswith("archive: truncated") for one in told(archive[: len(archive) // 2]))
    assert "archive: altered: its compressed data have no end" in told(archive[:-3])


@pytest.mark.parametrize("content", [b"", b"\x1f", b"PK\x03\x04 a zip file", b"# a report\n", b"\0" * 600])
def test_what_is_no_gzip_file_is_no_bundle(content: bytes) -> None:
    with pytest.raises(NoBundleError, match=r"it is no \.tar\.gz file"):
        opened(content)


@pytest.mark.parametrize(
    "text",
    [b"", b"\0" * 100, b"\xff\xfe", b"[" * 200_000, b'{"a":' * 200_000, b"x" * MIB, b"{}", b'{"schema_version":1}',
     b'{"schema_version":1e400}', b'{"members":' + b"9" * 10_000 + b"}"],
)  # fmt: skip
@pytest.mark.parametrize("name", limits.REQUIRED)
def test_no_content_of_any_member_does_more_than_break_the_bundle(name: str, text: bytes) -> None:
    contents = {one: b"{}" for one in limits.REQUIRED} | {name: text}
    archive = archived([Member(name=one, content=held) for one, held in contents.items()], time_s=TIME_S)
    assert verified(archive, never_signed).exit_code == 3


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_after_the_magic_are_damage_and_nothing_else(content: bytes) -> None:
    assert verified(b"\x1f\x8b\x08" + content, never_signed).exit_code == 3


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_for_a_tar_are_damage_and_nothing_else(content: bytes) -> None:
    assert verified(compressed(content), never_signed).exit_code == 3


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*limits.REQUIRED, limits.ATTESTATION, "blobs/" + "a" * 64]), st.binary(max_size=200)
    )
)
def test_any_contents_of_members_are_damage_and_nothing_else(contents: dict[str, bytes]) -> None:
    archive = archived([Member(name=name, content=held) for name, held in contents.items()], time_s=TIME_S)
    assert verified(archive, never_signed).exit_code == 3


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_header_but_the_one_is_damage(edits: list[tuple[int, int]]) -> None:
    header = bytearray(tar_header("report.md", 9, TIME_S))
    for at, value in edits:
        header[at] = value
    checksum = 256 + sum(header[:148]) + sum(header[156:])
    header[148:156] = f"{checksum:06o}\0 ".encode()
    archive = compressed(bytes(header) + padded(b"# report\n") + END)
    same_but_time = bytes(header[:136] + header[156:]) == _without_time(tar_header("report.md", 9, TIME_S))
    assert told(archive) or same_but_time


def _without_time(header: bytes) -> bytes:
    return header[:136] + header[156:]


def test_a_stream_packed_in_another_way_is_altered_even_where_it_holds_the_same() -> None:
    tar = tarred([GOOD], time_s=TIME_S)
    stored = zlib.compressobj(0, zlib.DEFLATED, 31)
    assert "archive: altered: its compressed bytes are not those that were written" in told(
        stored.compress(tar) + stored.flush()
    )
