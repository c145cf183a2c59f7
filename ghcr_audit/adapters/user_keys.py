"""Private keys that may log in: which of the named files can be used, why the others cannot, and one from a text."""

import io
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from ghcr_audit.adapters.lean_paramiko import paramiko
from ghcr_audit.credentials import Secret

_PEM = re.compile(r"(-----BEGIN [A-Z ]{1,40}-----)([A-Za-z0-9+/=\s]*)(-----END [A-Z ]{1,40}-----)")
_LINE_CHARS = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKeys:
    """What may log in, sorted out before any connection is made. Of named files: paths as texts."""

    usable: tuple[str, ...] = ()
    encrypted: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    block: str = ""
    """The Secret block that a key was read from instead; '' when it was none."""
    kept: paramiko.PKey | None = None
    """That key."""


def key_files(names: tuple[str, ...]) -> UserKeys:
    """Sort out the named files; any of several that a client configuration names may be missing."""
    paths = [str(Path(name).expanduser()) for name in names]
    states = {path: _state(path) for path in paths}
    return UserKeys(
        usable=tuple(path for path in paths if states[path] == "usable"),
        encrypted=tuple(path for path in paths if states[path] == "encrypted"),
        unreadable=tuple(path for path in paths if states[path] == "unreadable"),
    )


def key_from(text: Secret) -> paramiko.PKey | None:
    """The private key that is written there, in any form that ssh-keygen writes; None: none without a passphrase."""
    written = _rewrapped(text.get_secret_value())
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(written))
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
    return None


def _rewrapped(text: str) -> str:
    """The key with its lines as ssh-keygen has them: a form's field of one line takes the breaks away."""
    found = _PEM.fullmatch(text.strip())
    if found is None:
        return text
    begin, body, end = found.groups()
    return "\n".join((begin, *textwrap.wrap("".join(body.split()), _LINE_CHARS), end, ""))


def _state(path: str) -> str:
    """`usable`, `encrypted` or `unreadable` (missing, not ours to read, or no private key)."""
    try:
        paramiko.PKey.from_path(path)
    except (TypeError, paramiko.PasswordRequiredException):  # cryptography's word for a missing passphrase
        return "encrypted"
    except (OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        return "unreadable"
    return "usable"
