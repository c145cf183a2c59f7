"""A host over SSH: who is trusted, what refuses, what breaks - each as one sentence with its cause."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from ghcr_audit.adapters import ssh
from ghcr_audit.adapters.connections import close_connection, close_connections, host_of
from ghcr_audit.adapters.ssh import SshHost, connect
from ghcr_audit.causes import Cause
from ghcr_audit.commands import Answer, Command, program
from ghcr_audit.credentials import Secret
from ghcr_audit.errors import ConfigurationError, HostError
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import HostAccess
from tests.loopback.ssh_server import Login, Running, closed_port, listening, serve

pytestmark = pytest.mark.loopback

ECHO = Command(key="echo", argv=("echo", "hello"))
KEY = paramiko.ECDSAKey.generate()


@pytest.fixture(autouse=True)
def own_ssh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No agent, keys or configuration of whoever runs the tests."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serve(Login(key=KEY)) as running:
        yield running


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    KEY.write_private_key_file(str(tmp_path / "key"))
    return tmp_path / "key"


def access_to(server: Running, key_file: Path, **others: str | int) -> HostAccess:
    given = {"address": "127.0.0.1", "port": server.port, "user": "deploy", "identity_file": str(key_file)}
    return HostAccess.model_validate(given | others)


def pinned(server: Running, key_file: Path, **others: str | int) -> HostAccess:
    return access_to(server, key_file, host_key=server.host_key.fingerprint, **others)


def ask(access: HostAccess, *commands: Command) -> dict[str, Answer]:
    host = connect(access, "the host")
    try:
        return host.run(commands or (ECHO,))
    finally:
        host.close()


def refusal(access: HostAccess) -> HostError:
    """The error that such a host ends in; its first line is one sentence."""
    with pytest.raises(HostError) as caught:
        ask(access)
    assert caught.value.message.startswith("the host: ") or "127.0.0.1" in caught.value.message
    assert "\n" not in caught.value.message and len(caught.value.message) < 300
    return caught.value


def test_a_host_pinned_by_fingerprint_answers(server: Running, key_file: Path) -> None:
    assert ask(pinned(server, key_file))["echo"].stdout == "hello\n"


def test_a_host_pinned_by_known_hosts_answers(server: Running, key_file: Path, tmp_path: Path) -> None:
    known = server.pin(tmp_path / "known")
    assert ask(access_to(server, key_file, known_hosts=str(known)))["echo"].stdout == "hello\n"


def test_an_unknown_host_key_is_refused_and_told_how_to_pin(server: Running, key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "known").touch()
    before = server.logins
    error = refusal(access_to(server, key_file, known_hosts=str(tmp_path / "known")))
    assert (error.cause, error.temporary) == (Cause.SSH_HOST_KEY_MISMATCH, False)
    assert f'host_key = "{server.host_key.fingerprint}"' in error.hint
    assert server.logins == before, "nothing was sent to a host that is not trusted"
    assert (tmp_path / "known").read_text() == ""


def test_without_any_known_hosts_the_key_is_unknown(server: Running, key_file: Path) -> None:
    assert refusal(access_to(server, key_file)).cause is Cause.SSH_HOST_KEY_MISMATCH


def test_a_changed_host_key_is_refused(server: Running, key_file: Path, tmp_path: Path) -> None:
    other = Running(port=server.port, host_key=paramiko.ECDSAKey.generate())
    error = refusal(access_to(server, key_file, known_hosts=str(other.pin(tmp_path / "known"))))
    assert (error.cause, error.temporary) == (Cause.SSH_HOST_KEY_MISMATCH, False)
    assert f"got {server.host_key.fingerprint}, expected {other.host_key.fingerprint}" in error.message


def test_another_fingerprint_than_the_pinned_is_refused(server: Running, key_file: Path) -> None:
    wrong = paramiko.ECDSAKey.generate().fingerprint
    error = refusal(access_to(server, key_file, host_key=wrong))
    assert (error.cause, error.temporary) == (Cause.SSH_HOST_KEY_MISMATCH, False)
    assert server.host_key.fingerprint in error.message and wrong in error.message


def test_a_named_known_hosts_file_must_exist(server: Running, key_file: Path) -> None:
    with pytest.raises(HostError, match="/nowhere/known: no such known_hosts file"):
        connect(access_to(server, key_file, known_hosts="/nowhere/known"), "the host")


def test_a_refused_user_key_names_the_key(server: Running, tmp_path: Path) -> None:
    paramiko.ECDSAKey.generate().write_private_key_file(str(tmp_path / "stranger"))
    error = refusal(pinned(server, tmp_path / "stranger"))
    assert (error.cause, error.temporary) == (Cause.SSH_AUTH_FAILED, False)
    assert "refused every key" in error.message and "stranger" in error.message


def test_an_encrypted_key_without_agent_is_called_encrypted(server: Running, tmp_path: Path) -> None:
    KEY.write_private_key_file(str(tmp_path / "locked"), password="lab-passphrase")
    error = refusal(pinned(server, tmp_path / "locked"))
    assert (error.cause, error.temporary) == (Cause.SSH_AUTH_FAILED, False)
    assert "the private key is encrypted" in error.message and "ssh-add" in error.hint


def test_a_missing_key_is_no_unreachable_host(server: Running, tmp_path: Path) -> None:
    error = refusal(pinned(server, tmp_path / "missing"))
    assert (error.cause, error.temporary) == (Cause.SSH_AUTH_FAILED, False)
    assert "the private key cannot be read" in error.message and "missing" in error.message


def test_without_any_key_the_login_fails_as_such(server: Running) -> None:
    access = HostAccess.model_validate(
        {"address": "127.0.0.1", "port": server.port, "user": "deploy", "host_key": server.host_key.fingerprint}
    )
    error = refusal(access)
    assert (error.cause, error.temporary) == (Cause.SSH_AUTH_FAILED, False)


def test_a_closed_port_is_connection_refused(server: Running, key_file: Path) -> None:
    error = refusal(pinned(server, key_file, port=closed_port()))
    assert error.message == "the host: connect: Connection refused"
    assert (error.cause, error.temporary) == (Cause.SSH_UNREACHABLE, True)


def test_a_web_server_is_no_ssh_server(server: Running, key_file: Path) -> None:
    with listening(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200)) as port:
        error = refusal(pinned(server, key_file, port=port))
    assert "no SSH server, or hung up" in error.message
    assert (error.cause, error.temporary) == (Cause.SSH_UNREACHABLE, True)


def test_a_server_that_hangs_up_at_once_is_no_ssh_server(server: Running, key_file: Path) -> None:
    with listening(socket.socket.close) as port:
        error = refusal(pinned(server, key_file, port=port))
    assert (error.cause, error.temporary) == (Cause.SSH_UNREACHABLE, True)


def test_a_server_that_accepts_and_stays_silent_is_given_up(
    server: Running, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "CONNECT_TIMEOUT_S", 1)
    began = time.monotonic()
    with listening(lambda _: None) as port:
        error = refusal(pinned(server, key_file, port=port))
    assert (error.cause, error.temporary) == (Cause.SSH_UNREACHABLE, True)
    assert 0.9 < time.monotonic() - began < 5


def test_a_name_that_does_not_exist_is_a_dns_failure(server: Running, key_file: Path) -> None:
    error = refusal(pinned(server, key_file, address="no-such-host.invalid"))
    assert error.message == "the host: connect: no such name 'no-such-host.invalid'"
    assert (error.cause, error.temporary) == (Cause.DNS_FAILURE, True)


def test_a_host_that_never_answers_a_command_is_given_up(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "CONNECT_TIMEOUT_S", 1)
    with serve(Login(key=KEY, mute=True)) as mute:
        began = time.monotonic()
        error = refusal(pinned(mute, key_file))
    assert "gave none within" in error.message
    assert (error.cause, error.temporary) == (Cause.SSH_UNREACHABLE, True)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("shell", [("/bin/false",), ("/bin/echo", "This account is restricted to one command.")])
def test_a_login_without_a_shell_is_told_as_such(key_file: Path, shell: tuple[str, ...]) -> None:
    with serve(Login(key=KEY, shell=shell)) as restricted:
        error = refusal(pinned(restricted, key_file))
    assert "no usable answer" in error.message
    assert "restricted to one forced command" in error.hint


def test_a_connection_cut_in_mid_command_is_temporary_and_ends_at_once(key_file: Path) -> None:
    with serve(Login(key=KEY)) as server:
        timer = threading.Timer(0.5, server.cut)
        timer.start()
        began = time.monotonic()
        with pytest.raises(HostError, match=r"^the host: the connection was cut$") as caught:
            ask(pinned(server, key_file), program("nap", "sleep 5", "nap"))
        assert time.monotonic() - began < 4
    assert (caught.value.cause, caught.value.temporary) == (Cause.SSH_UNREACHABLE, True)


def test_a_cut_command_still_ends_by_itself_and_leaves_nothing(key_file: Path, tmp_path: Path) -> None:
    text = 'echo "$GA_TMP" >"$1"; sleep 60; echo never >>"$1"'
    place = tmp_path / "place"
    with serve(Login(key=KEY)) as server:
        timer = threading.Timer(0.7, server.cut)
        timer.start()
        with pytest.raises(HostError, match="cut"):
            ask(pinned(server, key_file), program("nap", text, "nap", str(place), limit_s=2))
        scratch = Path(place.read_text().strip())
        assert scratch.is_dir(), "the command outlives the connection, as on a real host"
        assert gone_within(6, scratch)
    assert place.read_text().strip() == str(scratch)


def gone_within(limit_s: float, path: Path) -> bool:
    end = time.monotonic() + limit_s
    while path.exists() and time.monotonic() < end:
        time.sleep(0.1)
    return not path.exists()


def test_a_login_shell_that_prints_a_banner_is_no_trouble(key_file: Path) -> None:
    banner = "환영합니다 *** maintenance at 5 ***\r\nframe begin end\n".encode() * 500
    with serve(Login(key=KEY, banner=banner)) as server:
        assert ask(pinned(server, key_file))["echo"].stdout == "hello\n"


def test_a_token_travels_on_standard_input_alone(server: Running, key_file: Path) -> None:
    token = "ghp_labSshStdin0000000000000000000000"
    reads = Command(key="reads", argv=("wc", "-c"), reads_stdin=True)
    other = Command(key="other", argv=("wc", "-c"))
    host = connect(pinned(server, key_file), "the host")
    try:
        answers = host.run((other, reads), stdin=Secret(token))
    finally:
        host.close()
    assert (answers["other"].stdout.strip(), answers["reads"].stdout.strip()) == ("0", str(len(token)))
    assert not any(token in command for command in server.commands)


def test_a_jump_host_passes_the_connection_on(server: Running, key_file: Path, tmp_path: Path) -> None:
    with serve(Login(key=KEY, jumps=True)) as jump:
        known = server.pin(jump.pin(tmp_path / "known"))
        access = access_to(server, key_file, known_hosts=str(known), jump=f"deploy@127.0.0.1:{jump.port}")
        assert ask(access)["echo"].stdout == "hello\n"
        assert jump.passed_on == [f"127.0.0.1:{server.port}"]
        assert jump.commands == [], "nothing is run on the jump host"


def test_a_jump_host_is_trusted_no_more_than_any_other(server: Running, key_file: Path, tmp_path: Path) -> None:
    with serve(Login(key=KEY, jumps=True)) as jump:
        known = server.pin(tmp_path / "known")
        access = access_to(server, key_file, known_hosts=str(known), jump=f"deploy@127.0.0.1:{jump.port}")
        with pytest.raises(HostError, match="it is not known in"):
            ask(access)
        assert jump.logins == 0


@pytest.mark.parametrize("jumps", [False, True])
def test_a_jump_that_leads_nowhere_is_unreachable(server: Running, key_file: Path, tmp_path: Path, jumps: bool) -> None:
    with serve(Login(key=KEY, jumps=jumps)) as jump:
        known = jump.pin(tmp_path / "known")
        access = access_to(
            server, key_file, known_hosts=str(known), jump=f"deploy@127.0.0.1:{jump.port}", port=closed_port()
        )
        error = refusal(access)
    assert (error.cause, error.temporary) == (Cause.SSH_UNREACHABLE, True)


@pytest.fixture
def alias(server: Running, key_file: Path, tmp_path: Path) -> Path:
    server.pin(tmp_path / "known")
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host shop\n HostName 127.0.0.1\n Port {server.port}\n User deploy\n"
        f" IdentityFile {key_file}\n UserKnownHostsFile {tmp_path / 'known'} /nowhere\n"
    )
    return config


def test_an_alias_of_the_ssh_configuration_is_enough(alias: Path) -> None:
    access = HostAccess(address="shop", ssh_config=str(alias))
    assert ask(access)["echo"].stdout == "hello\n"


def test_the_users_own_configuration_is_read_when_none_is_named(alias: Path, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    alias.rename(tmp_path / ".ssh/config")
    assert ask(HostAccess(address="shop"))["echo"].stdout == "hello\n"


def test_the_targets_own_words_win_over_the_configuration(alias: Path) -> None:
    error = refusal(HostAccess(address="shop", ssh_config=str(alias), port=closed_port()))
    assert "Connection refused" in error.message


def test_a_jump_in_the_configuration_is_used_even_when_it_covers_itself(
    server: Running, alias: Path, tmp_path: Path
) -> None:
    with serve(Login(key=KEY, jumps=True)) as jump:
        jump.pin(tmp_path / "known")
        text = alias.read_text().replace("Host shop\n", "Host shop\n ProxyJump bastion\n")
        text += text.replace("Host shop", "Host bastion").replace(str(server.port), str(jump.port))
        alias.write_text(text)
        assert ask(HostAccess(address="shop", ssh_config=str(alias)))["echo"].stdout == "hello\n"
        assert jump.passed_on == [f"127.0.0.1:{server.port}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ProxyCommand nc %h %p", "ProxyCommand is not supported"),
        ("Port twenty-two", "not a port"),
        ("Port 0", "not a port"),
        ("ProxyJump one,two", "expected one"),
    ],
)
def test_a_configuration_that_cannot_be_followed_is_refused(alias: Path, line: str, problem: str) -> None:
    alias.write_text(f"Host shop\n {line}\n" + alias.read_text())
    with pytest.raises(ConfigurationError, match=problem):
        connect(HostAccess(address="shop", ssh_config=str(alias)), "the host")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"nonsense\n", b"Match exec true\n Port 1\n"])
def test_an_unreadable_configuration_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ssh_config").write_bytes(content)
    with pytest.raises(ConfigurationError, match="ssh configuration"):
        connect(HostAccess(address="shop", ssh_config=str(tmp_path / "ssh_config")), "the host")


def test_two_jumps_are_one_too_many(alias: Path) -> None:
    hosts = "Host one\n ProxyJump two\nHost two\n ProxyJump one\nHost shop\n ProxyJump one\n"
    alias.write_text(hosts + alias.read_text())
    with pytest.raises(ConfigurationError, match="expected one jump at most"):
        connect(HostAccess(address="shop", ssh_config=str(alias)), "the host")


def target_of(access: HostAccess) -> Target:
    return Target(name="shop", image="ghcr.io/acme/observer", registry_user="lab", container="observer", host=access)


def test_one_connection_serves_many_runs_and_a_dead_one_is_replaced(key_file: Path) -> None:
    with serve(Login(key=KEY)) as server:
        target = target_of(pinned(server, key_file))
        try:
            for _ in range(3):
                host_of(target).run([ECHO])
            assert server.logins == 1
            server.cut()
            assert dead_within(5, host_of(target)) or server.logins == 2
            assert host_of(target).run([ECHO])["echo"].exit_code == 0
            assert server.logins == 2
        finally:
            close_connections()


def dead_within(limit_s: float, host: object) -> bool:
    assert isinstance(host, SshHost)
    end = time.monotonic() + limit_s
    while host.alive and time.monotonic() < end:
        time.sleep(0.05)
    return not host.alive


def test_closing_the_connection_of_one_target_leaves_those_of_others(server: Running, key_file: Path) -> None:
    with serve(Login(key=KEY)) as elsewhere:
        first, second = target_of(pinned(server, key_file)), target_of(pinned(elsewhere, key_file))
        try:
            host, other = host_of(first), host_of(second)
            close_connection(first)
            assert dead_within(5, host)
            assert host_of(second) is other
            assert other.run([ECHO])["echo"].exit_code == 0
        finally:
            close_connections()
        assert dead_within(5, other)


def test_several_threads_share_one_connection(server: Running, key_file: Path) -> None:
    target = target_of(pinned(server, key_file))
    before, codes = server.logins, []
    try:
        threads = [
            threading.Thread(target=lambda: codes.append(host_of(target).run([ECHO])["echo"].exit_code))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    finally:
        close_connections()
    assert codes == [0, 0, 0, 0]
    assert server.logins == before + 1
