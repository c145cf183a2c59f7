"""Where a lab lies: one folder per lab, short enough for unix sockets, open enough for the deploy user.

TMP/ghcr-audit-lab/NAME/                   without root: TMP/ghcr-audit-lab-UID/NAME/
    state.json tokens.json client_key ...   0600, ours
    home/                                   the deploy user's HOME; home/observer is the deploy directory
    repository/                             the git repository with the releases
    engine/ registry/ log/                  the servers' own
    packages/                               mount point, filled in the lab's own mount namespace only
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
ROOT_NAME = "ghcr-audit-lab"
UID_MAP = Path("/proc/self/uid_map")
ROOT_LENGTH_AT_MOST = 48  # a unix socket's path ends at 107 bytes (unix(7)); the longest of ours adds 58


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folder of one lab and the paths in it. Pure: nothing here touches the disk."""

    folder: Path

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.folder.name

    @property
    def state_file(self) -> Path:
        """Ports, process ids and the rest of `LabState`."""
        return self.folder / "state.json"

    @property
    def tokens_file(self) -> Path:
        """The lab's fake credentials, 0600."""
        return self.folder / "tokens.json"

    @property
    def repository(self) -> Path:
        """The git repository."""
        return self.folder / "repository"

    @property
    def home(self) -> Path:
        """The deploy user's HOME."""
        return self.folder / "home"

    @property
    def docker_config(self) -> Path:
        """The deploy user's stored registry credentials."""
        return self.home / ".docker" / "config.json"

    @property
    def deploy_dir(self) -> Path:
        """Where the deploy script and the compose file lie."""
        return self.home / "observer"

    @property
    def bin(self) -> Path:
        """First on the deploy user's PATH: nothing but the programs that the lab brings."""
        return self.folder / "bin"

    @property
    def log(self) -> Path:
        """The servers' logs."""
        return self.folder / "log"

    @property
    def etc(self) -> Path:
        """Private passwd, group and shadow, and the SSH server's files."""
        return self.folder / "etc"

    @property
    def engine(self) -> Path:
        """The engine's data and sockets."""
        return self.folder / "engine"

    @property
    def docker_socket(self) -> Path:
        """The engine's API; the deploy user's group may use it."""
        return self.engine / "docker.sock"

    @property
    def registry(self) -> Path:
        """The registry's blobs and configuration."""
        return self.folder / "registry"

    @property
    def packages(self) -> Path:
        """Where the unpacked packages are seen inside the lab's mount namespaces."""
        return self.folder / "packages"

    @property
    def client_key(self) -> Path:
        """The private key that logs in as the deploy user."""
        return self.folder / "client_key"

    @property
    def known_hosts(self) -> Path:
        """The pinned host key."""
        return self.folder / "known_hosts"

    @property
    def cgroup(self) -> str:
        """The control group of the lab's containers: unique by folder, so that two TMPDIRs do not clash."""
        return f"{ROOT_NAME}-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}"


def place_of(name: str) -> Place:
    """The place of the lab with this name: lower case letters, digits and `-`, 31 characters at most."""
    if NAME.fullmatch(name) is None:
        raise LabError(f"lab name: not a name (got {name!r}, expected letters a-z, digits and '-', 31 at most)")
    return Place(folder=root_folder() / name)


def root_folder() -> Path:
    """The folder of all labs below the temporary folder, or below /tmp where that one does not serve."""
    temporary = Path(tempfile.gettempdir()).resolve()
    fallback = Path("/tmp")  # noqa: S108 - whose folder it is, is checked by `locked_root`
    user = outer_user_id()
    return (temporary if _serves(temporary) else fallback) / (f"{ROOT_NAME}-{user}" if user else ROOT_NAME)


def outer_user_id() -> int:
    """Who we are outside of all user namespaces of ours: without root, the lab's own root is an ordinary user.

    Source: user_namespaces(7), /proc/PID/uid_map: lines of first id inside, first id outside, count.
    """
    inside = os.geteuid()
    for line in UID_MAP.read_text(encoding="ascii").splitlines():
        first, outside, count = map(int, line.split())
        if first <= inside < first + count:
            return outside + inside - first
    return inside


def in_own_namespace() -> bool:
    """Whether we are root in a user namespace only (`lab.rootless`): root's own files and devices are out of reach."""
    return os.geteuid() == 0 and outer_user_id() != 0


def _serves(temporary: Path) -> bool:
    """Whether a lab can live here: short, no blanks (sshd_config), not below /run, open to other users."""
    text = str(temporary)
    plain = re.fullmatch(r"[A-Za-z0-9._/+-]+", text) is not None
    open_to_others = all(part.stat().st_mode & stat.S_IXOTH for part in (temporary, *temporary.parents))
    return plain and open_to_others and len(text) <= ROOT_LENGTH_AT_MOST and not text.startswith("/run")


@contextlib.contextmanager
def locked_root() -> Iterator[Path]:
    """The folder of all labs, made if absent, held against other processes that choose ports or a name."""
    root = root_folder()
    with _locked(root) as folder:
        _check_ours(folder)
        yield folder
        with contextlib.suppress(OSError):  # the last lab takes the folder along
            folder.rmdir()


@contextlib.contextmanager
def locked(place: Place) -> Iterator[None]:
    """The lab's own folder, made if absent, held against another `up` or `down` of the same lab.

    Raises:
        LabError: another process holds it now.
    """
    with _locked(place.folder, wait=False):
        yield


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[Path]:
    descriptor = _hold(folder, wait=wait)
    try:
        yield folder
    finally:
        os.close(descriptor)


def _hold(folder: Path, *, wait: bool) -> int:
    """Lock the folder itself: no lock file is left. Starts over when it was removed before we had it."""
    for _ in range(100):
        folder.parent.mkdir(mode=0o755, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o755)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise LabError(f"lab {folder.name}: another process is bringing it up or down") from None
        except FileNotFoundError:
            continue
        if folder.exists() and folder.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
        os.close(descriptor)
    raise LabError(f"{folder}: lock: the folder keeps disappearing")


def _check_ours(root: Path) -> None:
    """Refuse a folder that somebody else prepared in the shared temporary folder."""
    facts = root.lstat()
    if facts.st_uid != os.geteuid() or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise LabError(f"{root}: not ours alone (owner {facts.st_uid}, mode {stat.filemode(facts.st_mode)})")
