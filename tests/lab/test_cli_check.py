"""`ghcr-audit check` and everything that may be wrong: one clear sentence, the right exit code, nothing changed."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.lab import host_flaws
from tests.lab.command_line import CommandLine, HostState, says, state_of_host

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]

CHECKED_WITHIN_S = 20
Flaw = Callable[[Lab], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def nothing_changed(lab: Lab, whole: HostState) -> Iterator[None]:
    yield
    assert state_of_host(lab) == whole


def outcomes(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    report = json.loads(done.stdout)
    return {claim["key"]: claim["outcome"] for link in report["links"] for claim in link["claims"]}


def checked(cli: CommandLine, lab: Lab, *words: str) -> "subprocess.CompletedProcess[str]":
    """`check` of the release that runs."""
    cli.target("shop", lab.target_toml())
    return cli("check", "shop", "--tag", lab.releases.running, *words)


def test_a_sound_release_passes_and_the_unpublished_tag_is_named(lab: Lab, cli: CommandLine) -> None:
    began = time.monotonic()
    done = checked(cli, lab)
    assert time.monotonic() - began < CHECKED_WITHIN_S
    assert (done.returncode, done.stderr) == (0, "")
    assert says(done, f"never published: {lab.releases.unpublished}")
    assert done.stdout.startswith(f"! ghcr-audit: shop {lab.releases.running} - PassedWithWarnings")


def test_the_report_for_programs_is_one_json_document(lab: Lab, cli: CommandLine) -> None:
    done = checked(cli, lab, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["verdict"] == "PassedWithWarnings"
    assert "user lab, ghp_… token, from auths of" in done.stdout


def test_no_report_holds_the_stored_credential(lab: Lab, cli: CommandLine) -> None:
    stored = json.loads(lab.stored_config())["auths"][lab.registry]["auth"]
    for form in ((), ("--json",), ("--markdown",)):
        done = checked(cli, lab, *form)
        assert done.returncode == 0
        assert lab.tokens.good not in done.stdout + done.stderr
        assert stored not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("shpo",), "ghcr-audit: target: 'shpo' is not known (known in "),
        (("broken",), "broken.toml: malformed TOML: "),
        (("port",), "port.toml: host.port: not a port (got '22a', expected 1-65535)"),
        (
            ("shop", "--tag", "x;touch$IFS/tmp/x"),
            "ghcr-audit: tag: read: not a tag (got 'x;touch$IFS/tmp/x', expected ",
        ),
        (("shop", "--tag=-rf"), "ghcr-audit: tag: read: not a tag (got '-rf', expected "),
        (("shop", "--tag=$(id)"), "ghcr-audit: tag: read: not a tag (got '$(id)', expected "),
    ],
)
def test_what_cannot_be_meant_is_a_configuration_error(
    lab: Lab, cli: CommandLine, words: tuple[str, ...], sentence: str
) -> None:
    cli.target("shop", lab.target_toml())
    cli.target("broken", lab.target_toml().replace("]", "", 1))
    cli.target("port", lab.target_toml(host__port="22a"))
    done = cli("check", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def fresh_key(folder: Path) -> Path:
    key = folder / "fresh_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=30)  # noqa: S607
    return key


def test_a_refused_key_is_told(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    key = fresh_key(tmp_path)
    cli.target("shop", lab.target_toml(host__identity_file=str(key)))
    done = cli("check", "shop", "--tag", lab.releases.running)
    assert done.returncode == 5
    assert says(done, f"log in: the host refused every key ({key})")
    assert says(done, "cause ssh_auth_failed (proven)")


def test_a_key_file_that_is_not_there_is_told(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    cli.target("shop", lab.target_toml(host__identity_file=str(tmp_path / "absent")))
    done = cli("check", "shop", "--tag", lab.releases.running)
    assert done.returncode == 5
    assert says(done, f"log in: the private key cannot be read ({tmp_path}/absent)")
    assert says(done, "cause ssh_auth_failed (proven)")


def test_a_changed_host_key_is_never_accepted(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    other = fresh_key(tmp_path).with_suffix(".pub").read_text(encoding="ascii").split()[:2]
    pins = tmp_path / "pins"
    pins.write_text(f"[127.0.0.1]:{lab.ssh_port} {' '.join(other)}\n", encoding="ascii")
    before = pins.read_bytes()
    cli.target("shop", lab.target_toml(host__known_hosts=str(pins)))
    done = cli("check", "shop", "--tag", lab.releases.running)
    assert done.returncode == 5
    assert says(done, "check the host key: it is not the pinned one (got SHA256:")
    assert says(done, "cause ssh_host_key_mismatch (proven)")
    assert pins.read_bytes() == before


def test_an_unknown_host_key_is_never_accepted_nor_remembered(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    pins.touch()
    for known_hosts in (str(pins), None):
        cli.target("shop", lab.target_toml(host__known_hosts=known_hosts))
        done = cli("check", "shop", "--tag", lab.releases.running)
        assert done.returncode == 5
        assert says(done, "check the host key: it is not known in ")
        assert says(done, 'then pin it: host_key = "SHA256:')
    assert pins.read_bytes() == b""
    assert not (cli.home / ".ssh").exists()


def test_the_offered_pin_works(lab: Lab, cli: CommandLine) -> None:
    cli.target("shop", lab.target_toml(host__known_hosts=None))
    told = "".join(cli("check", "shop", "--tag", lab.releases.running).stdout.split())
    pin = told.partition('host_key="')[2].partition('"')[0]
    cli.target("shop", lab.target_toml(host__known_hosts=None, host__host_key=pin))
    assert cli("check", "shop", "--tag", lab.releases.running).returncode == 0


def test_a_port_where_nobody_answers_is_told(lab: Lab, cli: CommandLine) -> None:
    with socket.socket() as held:  # bound, never listening: refused, and nobody else's meanwhile
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        cli.target("shop", lab.target_toml(host__port=port))
        done = cli("check", "shop", "--tag", lab.releases.running)
    assert done.returncode == 5
    assert says(done, f"labdeploy@127.0.0.1:{port}: connect: ")
    assert "Errno" not in done.stdout
    assert says(done, "cause ssh_unreachable (proven)")
    assert says(done, "Check address and port of [host] in the target file")


def test_a_host_that_went_away_is_told(lab: Lab, cli: CommandLine) -> None:
    lab.stop_sshd()
    try:
        done = checked(cli, lab)
    finally:
        lab.start_sshd()
    assert done.returncode == 5
    assert says(done, "cause ssh_unreachable (proven)")


def without_docker(lab: Lab) -> AbstractContextManager[None]:
    return host_flaws.without_program(lab, "docker")


@pytest.mark.parametrize(
    ("flaw", "cause", "sentence"),
    [
        (without_docker, "other", "Docker is not installed on the host, or not on the deploying user's PATH."),
        (
            host_flaws.forbidden_socket,
            "docker_socket_permission",
            "The deploying user may not open the engine's socket.",
        ),
        (host_flaws.stopped_engine, "docker_daemon_down", "The engine does not run, or its socket is not there."),
    ],
)
def test_a_docker_that_does_not_answer_is_broken(
    lab: Lab, cli: CommandLine, flaw: Flaw, cause: str, sentence: str
) -> None:
    with flaw(lab):
        assert lab.ssh("docker version").returncode != 0
        done = checked(cli, lab)
    assert done.returncode == 3
    assert says(done, f"cause {cause} (proven): docker on labdeploy@127.0.0.1:{lab.ssh_port} {sentence}")


def test_an_unknown_tag_is_broken(lab: Lab, cli: CommandLine) -> None:
    cli.target("shop", lab.target_toml())
    done = cli("check", "shop", "--tag", "20990101-000000")
    assert done.returncode == 3
    assert says(done, "The registry has no tag 20990101-000000, and neither has git.")


def test_without_curl_on_the_host_the_verdict_is_unknown(lab: Lab, cli: CommandLine) -> None:
    with host_flaws.without_program(lab, "curl"):
        assert lab.ssh("command -v curl").returncode == 127 or lab.ssh("curl --version").returncode == 127
        done = checked(cli, lab)
    assert done.returncode == 5
    assert says(done, "the host has no curl, so the registry's answer to its credential was not seen")


def dash(_lab: Lab) -> Path:
    return Path(shutil.which("dash") or "/bin/sh")


def busybox(lab: Lab) -> Path:
    return lab.busybox


@pytest.mark.parametrize("shell", [dash, busybox])
def test_the_login_shell_does_not_matter(lab: Lab, cli: CommandLine, shell: Callable[[Lab], Path]) -> None:
    usual = checked(cli, lab, "--json")
    with host_flaws.login_shell(lab, shell(lab)):
        asked = lab.ssh("readlink /proc/$$/exe").stdout.decode().strip()
        done = checked(cli, lab, "--json")
    assert asked == str(lab.folder / "bin" / "sh")
    assert (done.returncode, done.stderr) == (0, "")
    assert outcomes(done) == outcomes(usual)


def test_the_hosts_language_does_not_matter(lab: Lab, cli: CommandLine) -> None:
    usual = checked(cli, lab, "--json")
    with host_flaws.language(lab, "ko_KR.UTF-8"):
        assert lab.ssh("echo $LANG").stdout == b"ko_KR.UTF-8\n"
        done = checked(cli, lab, "--json")
    assert done.returncode == 0
    assert outcomes(done) == outcomes(usual)


def test_two_checks_at_once_do_not_disturb_each_other(lab: Lab, cli: CommandLine) -> None:
    cli.target("shop", lab.target_toml())
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(cli, "check", "shop", "--tag", lab.releases.running) for _ in range(2)]
        assert [run.result().returncode for run in runs] == [0, 0]
