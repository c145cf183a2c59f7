"""Private key files that may log in: which of the named ones can be used, and why the others cannot."""

from dataclasses import dataclass
from pathlib import Path

from ghcr_audit.adapters.lean_paramiko import paramiko


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """Named key files, sorted out before any connection is made. All three are paths as texts."""

    usable: tuple[str, ...] = ()
    encrypted: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def key_files(names: tuple[str, ...]) -> KeyFiles:
    """Sort out the named files; any of several that a client configuration names may be missing."""
    paths = [str(Path(name).expanduser()) for name in names]
    states = {path: _state(path) for path in paths}
    return KeyFiles(
        usable=tuple(path for path in paths if states[path] == "usable"),
        encrypted=tuple(path for path in paths if states[path] == "encrypted"),
        unreadable=tuple(path for path in paths if states[path] == "unreadable"),
    )


def _state(path: str) -> str:
    """`usable`, `encrypted` or `unreadable` (missing, not ours to read, or no private key)."""
    try:
        paramiko.PKey.from_path(path)
    except (TypeError, paramiko.PasswordRequiredException):  # cryptography's word for a missing passphrase
        return "encrypted"
    except (OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        return "unreadable"
    return "usable"
