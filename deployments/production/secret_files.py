"""`python -m deployments.production.secret_files [--folder DIR] [--owner UID]`: the secrets of the stack, as files.

Makes what is missing and keeps what is there. Each file has mode 0600 and belongs to the user that the containers run
as: asyncpg passes over a password file that others may read, in silence, and so do we with keys.
"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deployments.server_secrets import SecretFileError, api_login, encryption_key, read_private

OWNER = 10001
_PASSWORD_BYTES = 24
_POOL_KEY_BYTES = 32


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 where a file cannot be made or read; no secret is ever printed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = Path(__file__).parent / "secrets"
    parser.add_argument("--folder", type=Path, default=default, help=f"where they are (default {default})")
    parser.add_argument("--owner", type=int, default=OWNER, help=f"the containers' user id (default {OWNER})")
    options = parser.parse_args(arguments)
    try:
        made = secret_files(options.folder)
        _give(options.folder, options.owner)
    except (SecretFileError, OSError) as error:
        print(f"secret_files: {error}", file=sys.stderr)
        return 1
    print(f"{options.folder}: made {', '.join(made) or 'nothing'}")
    return 0


def secret_files(folder: Path) -> tuple[str, ...]:
    """Make those that are missing; their names. A file that is made of another is made again when it is removed.

    Raises:
        SecretFileError: one that is there cannot be read, or others may read it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = set(_names(folder))
    api_login(folder / "api_login")
    encryption_key(folder / "encryption_key")
    _kept(folder / "postgres_password", lambda: secrets.token_urlsafe(_PASSWORD_BYTES).encode())
    _kept(folder / "pool_key", lambda: secrets.token_bytes(_POOL_KEY_BYTES))
    _kept(folder / "pgpass", lambda: _passfile(read_private(folder / "postgres_password")))
    _kept(folder / "server_profile", lambda: _server_profile(api_login(folder / "api_login")))
    _kept(folder / "worker_profile", lambda: _worker_profile(api_login(folder / "api_login")))
    return tuple(name for name in _names(folder) if name not in before)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _kept(path: Path, content: Callable[[], bytes]) -> None:
    if path.exists():
        return
    made = content()  # first: what cannot be made leaves no empty file behind
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(made)


def _passfile(password: str) -> bytes:
    """Of PostgreSQL (libpq, The Password File). The password is URL-safe Base64, so nothing in it needs an escape."""
    return f"postgres:5432:*:audit:{password}\n".encode()


def _server_profile(login: str) -> bytes:
    """The login that the API asks for, and by which the server's own services use it."""
    return _profile({"PREFECT_SERVER_API_AUTH_STRING": login, "PREFECT_API_AUTH_STRING": login})


def _worker_profile(login: str) -> bytes:
    return _profile({"PREFECT_API_AUTH_STRING": login})


def _profile(settings: Mapping[str, str]) -> bytes:
    """A Prefect profile: TOML, whose strings JSON writes just so."""
    lines = (f"{name} = {json.dumps(value)}" for name, value in settings.items())
    return "\n".join(('active = "production"', "", "[profiles.production]", *lines, "")).encode()


def _give(folder: Path, owner: int) -> None:
    """To the containers' user, where this is run by root; else the containers have to run as who runs this."""
    if os.geteuid() == 0:
        for path in folder.iterdir():
            os.chown(path, owner, owner)


if __name__ == "__main__":
    sys.exit(main())
