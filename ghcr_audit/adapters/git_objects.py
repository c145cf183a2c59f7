"""Objects of a git repository: which files a revision has, and what stands in them. Read only, every output bounded."""

import contextlib
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ghcr_audit.adapters.git import GIT_LIMIT_S, git_argv, git_environment

LISTING_CAP_BYTES = 16 * 1024 * 1024


class GitReadError(Exception):
    """Git gave no usable answer; the text says why, in its own words where it has any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One file of a revision."""

    path: str
    blob: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Reads one repository."""

    folder: Path

    def lines(self, *argv: str) -> list[str]:
        """What git prints, line by line.

        Raises:
            GitReadError: git is not there, took too long, printed too much, or failed.
        """
        return self._run(argv).decode("utf-8", "replace").splitlines()

    def paths(self, revision: str) -> tuple[str, ...]:
        """Every path of a revision.

        Raises:
            GitReadError: there is no such revision, or it is too large to be listed.
        """
        listed = self._run(("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision))
        return tuple(listed.decode("utf-8", "replace").split("\0")[:-1])

    def files(self, revision: str, folder: str) -> tuple[TreeFile, ...]:
        """The files directly in a folder of a revision; none when it has no such folder.

        Raises:
            GitReadError: there is no such revision.
        """
        listed = self._run(("ls-tree", "-l", "-z", "--full-tree", revision, "--", f"{folder}/"))
        return tuple(_files(listed.decode("utf-8", "replace").split("\0")))

    def blob_ids(self, names: Iterable[str]) -> tuple[str, ...]:
        """The blob that each `REVISION:PATH` names, '' where it names none; in one question.

        Raises:
            GitReadError: git gave no answer.
        """
        asked = "".join(f"{name}\n" for name in names if "\n" not in name)
        answered = self._run(("cat-file", "--batch-check=%(objecttype) %(objectname)"), stdin=asked.encode())
        lines = answered.decode("utf-8", "replace").splitlines()
        return tuple(line.removeprefix("blob ") if line.startswith("blob ") else "" for line in lines)

    def contents(self, blobs: Iterable[str], cap_bytes: int) -> dict[str, bytes]:
        """What stands in these blobs, in one question; a blob that is not here is left out.

        Raises:
            GitReadError: together they are larger than `cap_bytes`.
        """
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return {}
        asked = "".join(f"{blob}\n" for blob in wanted).encode()
        return dict(_batch(self._run(("cat-file", "--batch"), stdin=asked, cap_bytes=cap_bytes + 100 * len(wanted))))

    def _run(self, argv: tuple[str, ...], *, stdin: bytes = b"", cap_bytes: int = LISTING_CAP_BYTES) -> bytes:
        """Standard output, at most `cap_bytes` of it; git is ended when there is more or it takes too long."""
        try:
            process = subprocess.Popen(
                git_argv(self.folder, argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=git_environment(),
            )
        except FileNotFoundError:
            raise GitReadError("git is not installed on the controller") from None
        with process:
            return _answer(process, stdin, cap_bytes)


def _answer(process: "subprocess.Popen[bytes]", stdin: bytes, cap_bytes: int) -> bytes:
    said: list[bytes] = []
    sides = (
        threading.Thread(target=_written, args=(process, stdin), daemon=True),
        threading.Thread(target=lambda: said.append(process.stderr.read(2000) if process.stderr else b""), daemon=True),
    )
    timer = threading.Timer(GIT_LIMIT_S, process.kill)
    for side in (*sides, timer):
        side.start()
    try:
        found = process.stdout.read(cap_bytes + 1) if process.stdout else b""
        if len(found) > cap_bytes:
            process.kill()
            raise GitReadError(f"git answered more than {cap_bytes} bytes")
        code = process.wait()
    finally:
        timer.cancel()
        for side in sides:
            side.join(timeout=5)
    if code != 0:
        text = b"".join(said).decode("utf-8", "replace").strip()
        raise GitReadError(text[:500] or f"git ended with {code} (time limit {GIT_LIMIT_S} s)")
    return found


def _written(process: "subprocess.Popen[bytes]", stdin: bytes) -> None:
    """Git may end before it has read everything."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError, ValueError):
            process.stdin.write(stdin)
            process.stdin.close()


def _files(entries: Iterable[str]) -> Iterator[TreeFile]:
    """`MODE blob OID SIZE TAB PATH`; links and submodules are none."""
    for entry in entries:
        head, _, path = entry.partition("\t")
        words = head.split()
        if len(words) == 4 and words[1] == "blob" and words[0] != "120000" and words[3].isdigit():  # noqa: PLR2004
            yield TreeFile(path=path, blob=words[2], size_bytes=int(words[3]))


def _batch(answered: bytes) -> Iterator[tuple[str, bytes]]:
    """`OID blob SIZE`, its bytes, a newline; or `OID missing`."""
    at = 0
    while (end := answered.find(b"\n", at)) >= 0:
        words = answered[at:end].decode("ascii", "replace").split()
        at = end + 1
        if len(words) == 3 and words[2].isdigit():  # noqa: PLR2004
            size = int(words[2])
            yield words[0], answered[at : at + size]
            at += size + 1
