"""The server's own secrets, each in a file that its owner alone may read: encryption key, API login, database password.

None of them ever stands in a command line. The encryption key and the API login are in the environment of the server
process; workers find the API login in a Prefect profile, a file of mode 0600. A database password is in neither: the
driver itself reads PostgreSQL's own password file.
"""

import os
import secrets
import stat
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

_PROFILE = "ghcr-audit"
_DRIVER = "postgresql+asyncpg"
_LOGIN_BYTES = 24


class SecretFileError(Exception):
    """A file or an address that cannot be used: one clear sentence, without what it holds."""


def encryption_key(path: Path) -> str:
    """The server's key for Secret blocks: made at first use, and kept outside the database."""
    if not path.exists():
        write_private(path, urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return read_private(path)


def api_login(path: Path) -> str:
    """`user:password`, with which the API is used; made at first use.

    Raises:
        SecretFileError: the file holds something else, or others may read it.
    """
    if not path.exists():
        write_private(path, f"audit:{secrets.token_urlsafe(_LOGIN_BYTES)}\n")
    login = read_private(path)
    user, _, password = login.partition(":")
    if not (user and password and login.isprintable()):
        raise SecretFileError(f"{path}: no login for the API (expected one line, user:password)")
    return login


def basic_header(login: str) -> str:
    """The value of an Authorization header."""
    return f"Basic {b64encode(login.encode()).decode()}"


def keep_profile(home: Path, login: str | None) -> None:
    """Let every Prefect process below this PREFECT_HOME use the API with this login; None: without one."""
    path = home / "profiles.toml"
    if login is None:
        path.unlink(missing_ok=True)
        return
    quoted = login.replace("\\", "\\\\").replace('"', '\\"')
    text = f'active = "{_PROFILE}"\n\n[profiles.{_PROFILE}]\nPREFECT_API_AUTH_STRING = "{quoted}"\n'
    with suppress(FileNotFoundError):
        path.unlink()
    write_private(path, text)


def database_address(address: str) -> str:
    """The address of a PostgreSQL database as Prefect takes it.

    Raises:
        SecretFileError: it is another kind of address, or holds a password.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("postgresql", "postgres", _DRIVER):
        raise SecretFileError(
            "--postgres: not the address of a PostgreSQL database (expected postgresql://USER@HOST/DB)"
        )
    if parts.password is not None or "password=" in parts.query.lower():
        raise SecretFileError(
            "--postgres: holds a password (not shown): put it into a file, and name that by --passfile"
        )
    return parts._replace(scheme=_DRIVER).geturl()


def checked_passfile(path: Path) -> Path:
    """PostgreSQL's password file (`host:port:database:user:password`).

    Raises:
        SecretFileError: it is not there, or others may read it: then the driver would pass it over in silence.
    """
    read_private(path)
    return path.resolve()


def read_private(path: Path) -> str:
    """What the file holds, without white space around it.

    Raises:
        SecretFileError: it cannot be read, or others may read it, too.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SecretFileError(f"{path}: cannot be read") from None
    if mode & 0o077:
        raise SecretFileError(f"{path}: others may read it (mode {mode:o}, expected 600)")
    return text


def write_private(path: Path, text: str) -> None:
    """Make a file that its owner alone may read, from its first moment on; it must not be there yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
