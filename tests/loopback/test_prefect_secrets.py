"""The server's secrets lie in files of their owner alone, and no address or command line holds one."""

from pathlib import Path

import pytest

from deployments.server_secrets import (
    SecretFileError,
    api_login,
    basic_header,
    checked_passfile,
    database_address,
    encryption_key,
    keep_profile,
)
from deployments.stack import Stack

pytestmark = pytest.mark.loopback


def test_key_and_login_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    for make, name in ((encryption_key, "server.key"), (api_login, "api.login")):
        path = tmp_path / name
        first = make(path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert make(path) == first
        path.chmod(0o640)
        with pytest.raises(SecretFileError, match=rf"{name}: others may read it \(mode 640, expected 600\)"):
            make(path)


@pytest.mark.parametrize("text", ["", "audit", ":lab", "audit:", "audit:lab\nmore"])
def test_what_is_no_login_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "api.login"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SecretFileError, match=r"no login for the API \(expected one line, user:password\)$"):
        api_login(path)


def test_the_profile_follows_the_login_and_goes_with_it(tmp_path: Path) -> None:
    keep_profile(tmp_path, 'audit:lab"\\x')
    profile = tmp_path / "profiles.toml"
    assert profile.stat().st_mode & 0o777 == 0o600
    assert r'PREFECT_API_AUTH_STRING = "audit:lab\"\\x"' in profile.read_text()
    keep_profile(tmp_path, "audit:lab2")
    assert "lab2" in profile.read_text()
    keep_profile(tmp_path, None)
    assert not profile.exists()


def test_the_header_is_basic() -> None:
    assert basic_header("audit:lab") == "Basic YXVkaXQ6bGFi"


def test_an_address_of_postgresql_gets_the_driver_that_prefect_uses() -> None:
    assert database_address("postgresql://audit@127.0.0.1:5433/audit") == (
        "postgresql+asyncpg://audit@127.0.0.1:5433/audit"
    )


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://audit:lab-secret@127.0.0.1/audit", "holds a password"),
        ("postgresql://audit@127.0.0.1/audit?password=lab-secret", "holds a password"),
        ("mysql://audit:lab-secret@127.0.0.1/audit", "not the address of a PostgreSQL database"),
        ("lab-secret", "not the address of a PostgreSQL database"),
    ],
)
def test_another_address_is_refused_and_not_shown(address: str, sentence: str) -> None:
    with pytest.raises(SecretFileError, match=sentence) as refused:
        database_address(address)
    assert "lab-secret" not in str(refused.value)


def test_a_passfile_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pgpass"
    path.write_text("127.0.0.1:5433:audit:audit:lab-secret\n")
    path.chmod(0o644)
    with pytest.raises(SecretFileError, match="others may read it"):
        checked_passfile(path)
    path.chmod(0o600)
    assert checked_passfile(path) == path


def test_what_workers_and_clients_see_holds_no_secret_of_the_server(tmp_path: Path) -> None:
    login_file = tmp_path / "api.login"
    stack = Stack(folder=tmp_path, port=1, login_file=login_file, postgres="postgresql://audit@127.0.0.1/audit")
    login = api_login(login_file)
    assert not [name for name, value in stack.environment().items() if login in value or "postgres" in value]
