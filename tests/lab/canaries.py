"""Where a secret may have got to, in whatever form: files, databases, archives, and the processes of a machine.

Written without a line of the product's redaction: each is a test of the other.
"""

import base64
import gzip
import io
import sqlite3
import tarfile
import threading
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLE_S = 0.02
_GZIP = b"\x1f\x8b"
_SQLITE = b"SQLite format 3"


def forms_of(secret: str) -> tuple[bytes, ...]:
    """As it is, reversed, in hexadecimal, quoted for an address, and in Base64 at each of the three offsets."""
    raw = secret.encode()
    forms = {
        raw,
        raw[::-1],
        raw.hex().encode(),
        raw.hex().upper().encode(),
        urllib.parse.quote(secret, safe="").encode(),
    }
    for skip in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"x" * skip + raw)
            forms.add(text[4 if skip else 0 : -4])
    return tuple(sorted(forms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """Secrets by the name of the place in which each was put."""

    secrets: Mapping[str, str]

    def within(self, content: bytes) -> set[str]:
        """Names of those that are in it, in any form."""
        return {name for name, secret in self.secrets.items() if any(form in content for form in forms_of(secret))}

    def only(self, *names: str) -> "Canaries":
        return Canaries(secrets={name: self.secrets[name] for name in names})

    def in_files(self, *folders: Path, but: Iterable[Path] = ()) -> list[str]:
        """`NAME in PATH` for every file below the folders; databases and archives are looked into, too."""
        left_out = tuple(but)
        return [
            f"{name} in {path}"
            for folder in folders
            for path in _files(folder)
            if not any(path.is_relative_to(one) for one in left_out)
            for name in sorted(set().union(*map(self.within, _contents(path))))
        ]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _contents(path: Path) -> Iterator[bytes]:
    """The file's bytes; of a database also its texts in one piece; of an archive its members."""
    try:
        content = path.read_bytes()
    except OSError:  # a socket, or gone meanwhile
        return
    yield content
    if content.startswith(_SQLITE):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            yield "\n".join(database.iterdump()).encode("utf-8", "surrogatepass")
    if content.startswith(_GZIP):
        whole = gzip.decompress(content)
        yield whole
        if path.name.endswith(".tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
                yield from (archive.extractfile(one).read() for one in archive if one.isfile())  # type: ignore[union-attr]


@dataclass(slots=True, kw_only=True)
class Processes:
    """What stood in the arguments and environments of all processes while they were watched."""

    canaries: Canaries
    found: set[str] = field(default_factory=set)
    samples: int = 0
    _seen: set[tuple[str, bytes]] = field(default_factory=set)

    def look(self) -> None:
        self.samples += 1
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                self._look_at(folder)

    def _look_at(self, process: Path) -> None:
        for kind in ("cmdline", "environ"):
            try:
                content = (process / kind).read_bytes()
            except OSError:
                continue
            if (process.name, content) in self._seen:
                continue
            self._seen.add((process.name, content))
            self.found |= {f"{canary} in {kind} of {content[:80]!r}" for canary in self.canaries.within(content)}


@contextmanager
def watched_processes(canaries: Canaries) -> Iterator[Processes]:
    """All processes of this machine are looked at, again and again, until the block ends."""
    processes, over = Processes(canaries=canaries), threading.Event()

    def watch() -> None:
        while not over.is_set():
            processes.look()
            time.sleep(_SAMPLE_S)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield processes
    finally:
        over.set()
        thread.join(10)
