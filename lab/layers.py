"""Layers of images as bytes: the same files give the same digest."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes under their digest."""

    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: `packed` is what the registry holds, `diff_id` names the tar inside."""

    packed: Blob
    diff_id: str


class Archive:
    """A tar without times and owners."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def add_folder(self, name: str) -> None:
        """A folder that anyone may read."""
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        self._tar.addfile(entry)

    def add_file(self, name: str, content: bytes, *, mode: int) -> None:
        """A file with that content."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        self._tar.addfile(entry, io.BytesIO(content))

    def add_link(self, name: str, target: str) -> None:
        """A symbolic link."""
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(entry)

    def layer(self) -> Layer:
        """The closed archive as a layer."""
        content = self._buffer.getvalue()
        packed = gzip.compress(content, compresslevel=6, mtime=0)
        return Layer(packed=Blob(content=packed), diff_id=Blob(content=content).digest)
