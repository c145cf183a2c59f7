"""The work pool's key is pinned at first sight and never changed in silence; the private key is the owner's alone."""

from pathlib import Path

import pytest

from ghcr_audit.adapters import pool_key
from ghcr_audit.cli.pins import pins_file, trusted_key
from ghcr_audit.errors import ConfigurationError

KEY, OTHER = "A" * 43, "B" * 43


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv(pool_key.KEY_VARIABLE, str(tmp_path / "pool.key"))


def test_a_key_is_pinned_at_first_sight_and_another_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert trusted_key(KEY, None) == KEY
    assert "first use of this work pool" in capsys.readouterr().err
    assert trusted_key(KEY, None) == KEY
    assert capsys.readouterr().err == ""
    with pytest.raises(ConfigurationError, match="another work pool key than is pinned"):
        trusted_key(OTHER, None)


def test_a_key_known_from_elsewhere_must_be_the_one_shown() -> None:
    with pytest.raises(ConfigurationError, match="another work pool key"):
        trusted_key(KEY, OTHER)
    assert not pins_file().exists()
    assert trusted_key(KEY, KEY) == KEY


def test_a_damaged_file_of_pins_is_no_reason_to_trust() -> None:
    trusted_key(KEY, None)
    pins_file().write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read as a file of pins"):
        trusted_key(OTHER, None)


def test_the_private_key_is_made_once_and_readable_by_its_owner_alone() -> None:
    first = pool_key.public_key()
    assert pool_key.key_file().stat().st_mode & 0o777 == 0o600
    assert pool_key.public_key() == first
    pool_key.key_file().chmod(0o640)
    with pytest.raises(ConfigurationError, match="others may read it"):
        pool_key.private_key()


def test_a_file_that_is_no_key_is_told() -> None:
    pool_key.key_file().write_bytes(b"short")
    pool_key.key_file().chmod(0o600)
    with pytest.raises(ConfigurationError, match="is no work pool key"):
        pool_key.private_key()
