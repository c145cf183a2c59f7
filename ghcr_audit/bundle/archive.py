"""The one archive that given members make: a plain tar, compressed, in which no byte is left to chance.

tar: POSIX ustar (IEEE 1003.1), members by name, owner 0, mode 0644, all of one time, nothing after the two empty
blocks. gzip (RFC 1952): no name, no time, and in the header's extra field the SHA-256 of the compressed data. So every
byte is either fixed or vouched for, whichever zlib has compressed it: padding bits of a deflate stream, too.
"""

import hashlib
import tarfile
import zlib
from collections.abc import Iterable

from ghcr_audit.bundle.content import Member

BLOCK = 512
END = bytes(2 * BLOCK)
_LEVEL = 6
_FIXED = bytes.fromhex("1f8b0804000000000003")
"""gzip, deflate, FEXTRA, no time, no hint about the compressor, Unix."""
_EXTRA = b"\x24\x00gA\x20\x00"
"""Length of the extra field; our one subfield `gA`; its length: 32 bytes of SHA-256 follow."""
HEADER_BYTES = len(_FIXED) + len(_EXTRA) + hashlib.sha256().digest_size
TRAILER_BYTES = 8


def archived(members: Iterable[Member], *, time_s: int) -> bytes:
    """The bundle's bytes; `time_s` (Unix) is the time of every member."""
    return compressed(tarred(members, time_s=time_s))


def tarred(members: Iterable[Member], *, time_s: int) -> bytes:
    """The members as a tar, by name."""
    parts = [
        part
        for member in sorted(members, key=lambda one: one.name)
        for part in (tar_header(member.name, len(member.content), time_s), padded(member.content))
    ]
    return b"".join((*parts, END))


def compressed(content: bytes) -> bytes:
    """Any bytes as a gzip member of our form."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = compressor.compress(content) + compressor.flush()
    return gzip_header(hashlib.sha256(data).digest()) + data + gzip_trailer(zlib.crc32(content), len(content))


def gzip_header(digest: bytes) -> bytes:
    """Everything before the compressed data, whose SHA-256 this is."""
    return _FIXED + _EXTRA + digest


def gzip_trailer(crc: int, size_bytes: int) -> bytes:
    """Everything after it: CRC-32 and length (modulo 2**32) of the content."""
    return crc.to_bytes(4, "little") + (size_bytes & 0xFFFFFFFF).to_bytes(4, "little")


def tar_header(name: str, size_bytes: int, time_s: int) -> bytes:
    """The one header that a member may have."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size_bytes, time_s, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")


def padded(content: bytes) -> bytes:
    """The content, filled up with zeros to whole blocks."""
    return content + bytes(-len(content) % BLOCK)
