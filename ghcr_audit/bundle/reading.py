"""A bundle read without trust: in memory, within limits, nothing unpacked, no claim believed before it is measured.

What any tar program would write is read too, so that it can be told what in it was altered; but every byte that is not
as this program writes it is damage.
"""

import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ghcr_audit.bundle import content as limits
from ghcr_audit.bundle.archive import BLOCK, END, HEADER_BYTES, TRAILER_BYTES, gzip_header, tar_header
from ghcr_audit.bundle.damage import Damage, NoBundleError
from ghcr_audit.errors import shown

_MAGIC = b"\x1f\x8b\x08"
_CHUNK_BYTES = 65_536
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.DIRTYPE: "a directory",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A member as it was read. `content` is None where there was too much of it to be kept."""

    name: str
    sha256: str
    size_bytes: int
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an archive holds, and what is wrong with the archive itself."""

    members: Mapping[str, Found]
    """By name."""
    damages: tuple[Damage, ...]
    time_s: int
    """The time of its members; 0 where there are none."""

    def content(self, name: str) -> bytes | None:
        """A member's content; None where there is none, or it was not kept."""
        found = self.members.get(name)
        return found.content if found is not None else None


class _StopError(Exception):
    """It cannot be read any further."""

    def __init__(self, what: str, told: str) -> None:
        super().__init__(told)
        self.damage = Damage(subject="archive", what=what, told=told)


def opened(archive: bytes) -> Opened:
    """Everything in a bundle.

    Raises:
        NoBundleError: it is no gzip file at all.
    """
    if not archive.startswith(_MAGIC):
        raise NoBundleError("bundle: it is no .tar.gz file", hint="Name the evidence-….tar.gz of a run.")
    reader = _Reader(archive)
    try:
        reader.read()
    except _StopError as stop:
        reader.damages.append(stop.damage)
    return Opened(members=reader.members, damages=(*_packing(archive), *reader.damages), time_s=reader.time_s or 0)


def _packing(archive: bytes) -> list[Damage]:
    """Whether the compressed data are the very bytes that were written."""
    digest = hashlib.sha256(archive[HEADER_BYTES:-TRAILER_BYTES]).digest()
    if archive[:HEADER_BYTES] == gzip_header(digest):
        return []
    return [Damage(subject="archive", what="altered", told="its compressed bytes are not those that were written")]


class _Inflated:
    """The uncompressed bytes, in the order they come; never more in memory than was asked for."""

    def __init__(self, archive: bytes) -> None:
        self._inflater = zlib.decompressobj(31)
        self._archive = memoryview(archive)
        self._fed_bytes = 0
        self._ready = b""

    def take(self, size_bytes: int) -> bytes:
        """Exactly so many bytes (a chunk at most), or fewer at the end."""
        while len(self._ready) < size_bytes and (more := self._more()):
            self._ready += more
        taken, self._ready = self._ready[:size_bytes], self._ready[size_bytes:]
        return taken

    def exactly(self, size_bytes: int) -> bytes:
        """So many bytes.

        Raises:
            _StopError: it ends before.
        """
        taken = self.take(size_bytes)
        if len(taken) < size_bytes:
            raise _StopError("truncated", "it ends in the middle of a member")
        return taken

    def rest(self) -> str:
        """What follows where nothing should; '' when all is well."""
        if self.take(1):
            return "data follow the end of the tar"
        if not self._inflater.eof:
            return "its compressed data have no end"
        trailing = self._inflater.unused_data or self._fed_bytes < len(self._archive)
        return "something follows the compressed data" if trailing else ""

    def _more(self) -> bytes:
        """The next bytes, a chunk at most; b'' at the end."""
        while not self._inflater.eof and (given := self._inflater.unconsumed_tail or self._fed()):
            try:
                more = self._inflater.decompress(given, _CHUNK_BYTES)
            except zlib.error as error:
                raise _StopError("altered", f"its compressed data are damaged ({error})"[:120]) from None
            if more:
                return more
        return b""

    def _fed(self) -> bytes:
        chunk = bytes(self._archive[self._fed_bytes : self._fed_bytes + _CHUNK_BYTES])
        self._fed_bytes += len(chunk)
        return chunk


@dataclass(slots=True)
class _Reader:
    """Reads member after member."""

    archive: bytes
    members: dict[str, Found] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)
    time_s: int | None = None
    _total_bytes: int = 0
    _kept_bytes: int = 0
    _count: int = 0
    _last: str = ""

    def read(self) -> None:
        """All members; what cannot be read any further raises _StopError."""
        source = _Inflated(self.archive)
        while (header := source.exactly(BLOCK)) != bytes(BLOCK):
            self._member(source, header)
        if source.exactly(len(END) - BLOCK) != bytes(len(END) - BLOCK):
            raise _StopError("altered", "its end is not empty")
        if told := source.rest():
            self._damaged("archive", "altered", told)

    def _member(self, source: _Inflated, header: bytes) -> None:
        info = self._header(header)
        limit = self._limit(info)
        self._count += 1
        self._total_bytes += info.size
        if self._count > limits.MEMBERS_LIMIT or self._total_bytes > limits.TOTAL_LIMIT_BYTES:
            raise _StopError("refused", "it holds more than any bundle does")
        if limit is None:
            self._consumed(source, info.size, keep=False)
            return
        self._placed(info, header)
        found = self._consumed(source, info.size, keep=self._keeps(info), name=info.name)
        self.members[info.name] = found

    def _header(self, header: bytes) -> tarfile.TarInfo:
        try:
            return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError):
            raise _StopError("altered", f"after member {self._last or '-'} there is no header of a member") from None

    def _limit(self, info: tarfile.TarInfo) -> int | None:
        """How large the member may be; None: it is none of a bundle, which is damage.

        Raises:
            _StopError: it says that it is larger than any member.
        """
        limit, name = limits.limit_bytes(info.name), shown(info.name)
        if not 0 <= info.size <= (limit or limits.TOTAL_LIMIT_BYTES):
            raise _StopError("refused", f"member {name} says that it has {info.size} bytes")
        if info.type != tarfile.REGTYPE:
            self._damaged(f"member {name}", "refused", f"{_KINDS.get(info.type, 'of another kind')}, not a file")
            return None
        if limit is None:
            self._damaged(f"member {name}", "refused", _why_not(info.name))
            return None
        if info.name in self.members:
            self._damaged(f"member {name}", "repeated", "a name stands there once")
            return None
        return limit

    def _placed(self, info: tarfile.TarInfo, header: bytes) -> None:
        """In its place, and with the one header that it may have."""
        if self.time_s is None:
            self.time_s = info.mtime if isinstance(info.mtime, int) else 0
        if info.name < self._last:
            self._damaged(f"member {info.name}", "re-ordered", f"it stands behind {self._last}")
        self._last = max(self._last, info.name)
        if header != _only_header(info, self.time_s):
            self._damaged(f"member {info.name}", "repacked", "its header is not as it was written")

    def _keeps(self, info: tarfile.TarInfo) -> bool:
        if not limits.BLOB.fullmatch(info.name):
            return True
        self._kept_bytes += info.size
        return self._kept_bytes <= limits.KEPT_LIMIT_BYTES

    def _consumed(self, source: _Inflated, size_bytes: int, *, keep: bool, name: str = "") -> Found:
        hashed, kept, left = hashlib.sha256(), bytearray(), size_bytes
        while left:
            chunk = source.exactly(min(left, _CHUNK_BYTES))
            hashed.update(chunk)
            left -= len(chunk)
            if keep:
                kept += chunk
        padding = source.exactly(-size_bytes % BLOCK)
        if padding.strip(b"\0"):
            self._damaged(f"member {name or '-'}", "altered", "the space behind it is not empty")
        return Found(name=name, sha256=hashed.hexdigest(), size_bytes=size_bytes, content=bytes(kept) if keep else None)

    def _damaged(self, subject: str, what: str, told: str) -> None:
        self.damages.append(Damage(subject=subject, what=what, told=told))


def _only_header(info: tarfile.TarInfo, time_s: int) -> bytes | None:
    try:
        return tar_header(info.name, info.size, time_s)
    except (ValueError, OverflowError):  # a time that no header of ours can hold
        return None


def _why_not(name: str) -> str:
    if name.startswith("/"):
        return "an absolute name"
    if ".." in name.split("/"):
        return "a name that leads out of the bundle"
    return "no member of a bundle has this name"
