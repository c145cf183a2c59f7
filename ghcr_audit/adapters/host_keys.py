"""Pinned host keys: an unknown or changed key is refused, always; nothing is ever added."""

from pathlib import Path
from typing import NoReturn

from ghcr_audit.adapters.lean_paramiko import paramiko
from ghcr_audit.causes import Cause
from ghcr_audit.errors import HostError


class RefuseUnknown(paramiko.MissingHostKeyPolicy):
    """Refuses a host that no known_hosts file names."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._files = files

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> NoReturn:  # paramiko's name
        """Raise HostError: the key is not pinned."""
        del client
        files = ", ".join(map(str, self._files)) or "any known_hosts file"
        raise HostError(
            f"{hostname}: check the host key: it is not known in {files} (got {key.fingerprint})",
            cause=Cause.SSH_HOST_KEY_MISMATCH,
            hint=f'Compare it on the host itself, then pin it: host_key = "{key.fingerprint}" under [host].',
        )


class PinnedByFingerprint(paramiko.MissingHostKeyPolicy):
    """Accepts exactly the key with this SHA-256 fingerprint (`ssh-keygen -l` form)."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint.rstrip("=")

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Return when the key is the pinned one; raise HostError otherwise."""
        del client
        got = key.fingerprint.rstrip("=")
        if got != self._fingerprint:
            raise HostError(
                f"{hostname}: check the host key: it is not the pinned one"
                f" (got {got} {key.get_name()}, expected {self._fingerprint})",
                cause=Cause.SSH_HOST_KEY_MISMATCH,
                hint="The host was reinstalled, has keys of several kinds, or somebody stands in between.",
            )


def known_hosts_files(named: str | None) -> tuple[Path, ...]:
    """The files that pin host keys: the named one alone, else the user's and the system's, if they exist.

    Raises:
        HostError: the named file does not exist.
    """
    if named is not None:
        path = Path(named).expanduser()
        if not path.is_file():
            raise HostError(f"{path}: no such known_hosts file", cause=Cause.SSH_HOST_KEY_MISMATCH)
        return (path,)
    usual = (Path("~/.ssh/known_hosts").expanduser(), Path("/etc/ssh/ssh_known_hosts"))
    return tuple(path for path in usual if path.is_file())
