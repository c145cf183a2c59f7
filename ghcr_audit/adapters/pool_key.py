"""The work pool's key pair for sealed credentials: one private key file, 0600, shared by the pool's workers."""

import os
import stat
from pathlib import Path

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.handover import encoded_key

KEY_VARIABLE = "GHCR_AUDIT_POOL_KEY"
"""Names the private key's file (a path, no secret)."""

_KEY_BYTES = 32


def key_file() -> Path:
    """Where the private key lies."""
    from platformdirs import user_config_path

    named = os.environ.get(KEY_VARIABLE)
    return Path(named) if named else user_config_path("ghcr-audit") / "pool.key"


def private_key() -> bytes:
    """The work pool's private key, made at first use.

    Raises:
        ConfigurationError: the file is no key, or others than its owner may read it.
    """
    path = key_file()
    if not path.exists():
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigurationError(f"{path}: others may read it (mode {path.stat().st_mode & 0o777:o}, expected 600)")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"{path}: is no work pool key (got {len(key)} bytes, expected {_KEY_BYTES})")
    return key


def public_key() -> str:
    """The public half, as the prompt shows it and operators pin it."""
    from nacl.public import PrivateKey

    return encoded_key(bytes(PrivateKey(private_key()).public_key))


def _make(path: Path) -> None:
    from nacl.public import PrivateKey

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(PrivateKey.generate()))
