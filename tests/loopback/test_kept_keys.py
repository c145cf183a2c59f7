"""A private key that a Secret block keeps: it logs in, is in no text, and whatever is wrong with it is told."""

import io
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from ghcr_audit.adapters import kept_keys
from ghcr_audit.adapters.kept_keys import read_keys_from
from ghcr_audit.adapters.ssh import connect
from ghcr_audit.causes import Cause
from ghcr_audit.commands import Command
from ghcr_audit.credentials import Secret
from ghcr_audit.errors import AuditError, HostError
from ghcr_audit.redaction import current_redactor
from ghcr_audit.targets.tables import HostAccess
from tests.loopback.ssh_server import Login, Running, serve

pytestmark = pytest.mark.loopback

KEY = paramiko.RSAKey.generate(2048)
ECHO = Command(key="echo", argv=("echo", "hello"))


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serve(Login(key=KEY, jumps=True)) as running:
        yield running


@pytest.fixture(autouse=True)
def no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_keys, "_sources", [])


def text_of(key: paramiko.PKey, password: str | None = None) -> str:
    written = io.StringIO()
    key.write_private_key(written, password=password)
    return written.getvalue()


def access_to(server: Running, **others: str) -> HostAccess:
    given = {"address": "127.0.0.1", "port": server.port, "user": "deploy", "identity_block": "deploy-key"}
    return HostAccess.model_validate(given | {"host_key": server.host_key.fingerprint} | others)


def answer(access: HostAccess) -> str:
    host = connect(access, "the host")
    try:
        return host.run((ECHO,))["echo"].stdout
    finally:
        host.close()


def keeping(text: str) -> list[str]:
    """The names that are asked for from now on; each is answered with this text."""
    asked: list[str] = []

    def source(name: str) -> Secret:
        asked.append(name)
        return Secret(text)

    read_keys_from(source)
    return asked


@pytest.mark.parametrize("newline", ["\n", "\r\n", " ", ""])
def test_a_kept_key_logs_in_and_no_text_holds_it(server: Running, newline: str) -> None:
    text = text_of(KEY)
    asked = keeping(text.rstrip("\n").replace("\n", newline))  # as fields of a form leave it
    assert answer(access_to(server)) == "hello\n"
    assert asked == ["deploy-key"]
    line = text.splitlines()[5]
    assert line not in current_redactor().redact(f"said: {line}")


def test_it_opens_the_jump_host_too(server: Running, tmp_path: Path) -> None:
    asked = keeping(text_of(KEY))
    with serve(Login(key=KEY)) as behind:
        known = tmp_path / "known"
        known.write_text(server.pin(tmp_path / "one").read_text() + behind.pin(tmp_path / "two").read_text())
        access = access_to(behind).model_copy(
            update={"jump": f"deploy@127.0.0.1:{server.port}", "host_key": None, "known_hosts": str(known)}
        )
        assert answer(access) == "hello\n"
    assert asked == ["deploy-key", "deploy-key"]


@pytest.mark.parametrize(
    "text",
    ["", "not a key", text_of(KEY)[:200], text_of(KEY, password="lab-passphrase"), text_of(KEY).splitlines()[0]],
    ids=["empty", "words", "torn", "encrypted", "one line"],
)  # fmt: skip
def test_what_is_no_key_is_told_and_not_shown(server: Running, text: str) -> None:
    keeping(text)
    with pytest.raises(HostError, match="what the Secret block deploy-key holds is no private key") as caught:
        answer(access_to(server))
    assert caught.value.cause is Cause.SSH_AUTH_FAILED
    assert not text or text[:30] not in str(caught.value)


def test_a_key_that_the_host_refuses_is_named_by_its_block(server: Running) -> None:
    keeping(text_of(paramiko.ECDSAKey.generate()))
    with pytest.raises(HostError, match=r"the host refused every key \(Secret block deploy-key\)"):
        answer(access_to(server))


def test_a_block_that_is_not_given_out_is_told_by_the_reason(server: Running) -> None:
    def source(name: str) -> Secret:
        raise AuditError(f"there is no Secret block named {name}")

    read_keys_from(source)
    with pytest.raises(HostError, match="the host: log in: there is no Secret block named deploy-key"):
        answer(access_to(server))


def test_without_a_flow_it_is_said_that_only_a_flow_reads_it(server: Running) -> None:
    with pytest.raises(HostError, match="which only a flow reads") as caught:
        answer(access_to(server))
    assert "ghcr-audit run" in caught.value.hint
