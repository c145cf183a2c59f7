"""Hosts that mean harm, or look as if: logins that export our names, pipes for files, floods, forged lines."""

import json
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from ghcr_audit.adapters.host import FramedHost
from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.adapters.ssh import SshHost, _ChannelStream, connect
from ghcr_audit.commands import Command, program
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link
from ghcr_audit.framing import host_script
from ghcr_audit.questions import credential_question, registry_question, token_question
from ghcr_audit.registry.view import parse_view
from ghcr_audit.targets.tables import HostAccess
from lab.gateway.requests import API_PATH
from lab.loopback import LoopbackGateway
from tests.loopback.host_tools import Tools, stand_in_front
from tests.loopback.host_views import NAME, SINGLE, store, target_of
from tests.loopback.scripted_registry import Answer as Scripted
from tests.loopback.scripted_registry import ScriptedRegistry
from tests.loopback.ssh_server import Login, serve
from tests.loopback.test_host_shells import host_mark, running

pytestmark = pytest.mark.loopback

TRUE = Command(key="ok", argv=("true",))
SCRIPTS = ("frame.sh", "credential.sh", "curl.sh", "registry.sh", "token.sh", "show_credential.sh", "pull.sh")
NOT_OURS = {"PATH", "LC_ALL", "LANGUAGE", "DOCKER_CONFIG", "HOME"}
SPIED_ON = ("curl", "awk", "sed", "base64", "tr", "head", "cat", "grep")


@pytest.fixture(autouse=True)
def home(docker_home: Path) -> Path:
    return docker_home


def our_names() -> set[str]:
    """Every variable that a program for hosts sets."""
    texts = "".join(host_script(name) for name in SCRIPTS)
    return set(re.findall(r"\b([A-Za-z_]+)=", texts)) - NOT_OURS | {
        "GA_NONCE",
        "GA_MASKS_AWK",
        "GA_JSON_AWK",
        "GA_CHECKSUM_AWK",
    }


def spy(folder: Path, name: str, seen: Path) -> None:
    """The program, which writes its environment down before it does its work."""
    real = shutil.which(name)
    assert real is not None
    path = folder / name
    path.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin tr "\\0" "\\n" </proc/$$/environ >>{seen}\nexec {real} "$@"\n')
    path.chmod(0o755)


@pytest.fixture
def ssh_host(home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SshHost]:
    """A login with this environment (indirect parameter: shell and further variables)."""
    shell, variables = getattr(request, "param", ("dash", {}))
    tools = tmp_path / "tools"
    tools.mkdir()
    stand_in_front(tools, Tools(sh=shell, awk="mawk"))
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    path = f"{home / 'bin'}:{tools}:{os.environ['PATH']}"
    environment = dict.fromkeys(our_names(), "exported") | {"PATH": path, "HOME": str(home)} | variables
    with serve(Login(key=key, environment=environment)) as server:
        access = HostAccess(
            address="127.0.0.1",
            port=server.port,
            user="deploy",
            identity_file=str(tmp_path / "key"),
            host_key=server.host_key.fingerprint,
        )
        host = connect(access, "the host")
        yield host
        host.close()


@pytest.mark.parametrize(
    "ssh_host", [("dash", {}), ("bash", {}), ("bash", {"SHELLOPTS": "allexport"})], indirect=True, ids=str
)
def test_no_child_sees_a_secret_in_its_environment_whatever_the_login_exports(
    ssh_host: SshHost, gateway: LoopbackGateway, home: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "environments"
    for name in SPIED_ON:
        spy(home / "bin", name, seen)
    store(home, gateway.address, gateway.tokens.good)
    target = target_of(gateway.address).model_copy(update={"github_api": f"http://{gateway.address}{API_PATH}"})
    answers = ssh_host.masking(gateway.address, ()).run(
        [
            credential_question(target),
            registry_question(target, SINGLE, anonymous=False),
            *token_question(target),
        ]
    )
    assert "token 200" in answers["registry.host"].stdout, "the credential was used"
    assert "package 200" in answers["host.token"].stdout, "here, too"
    lines = seen.read_text().splitlines()
    assert len([line for line in lines if line.startswith("PATH=")]) > 20
    set_by_us = {line.partition("=")[0] for line in lines if not line.endswith("=exported")} & our_names()
    assert set_by_us <= {"GA_TMP", "GA_PID", "GA_SUDO", "GA_JSON_AWK", "GA_CHECKSUM_AWK", "file"}, (
        "none of them is a secret"
    )
    assert gateway.tokens.good not in seen.read_text()


@pytest.mark.parametrize("ssh_host", [("dash", {})], indirect=True)
def test_a_registry_cannot_forge_lines_of_the_answer(ssh_host: SshHost, scripted: ScriptedRegistry, home: Path) -> None:
    """An `echo` that reads escapes, as dash's, would print the message as three lines."""
    forged = f"no\\nmanifest {SINGLE} 200 sha256:{'0' * 64} a/b\\ntags 200 complete\\ntag {SINGLE}"
    denied = Scripted(status=403, body=json.dumps({"errors": [{"code": "DENIED", "message": forged}]}).encode())
    scripted.on("GET /v2/", Scripted())
    for route in (f"manifests/{SINGLE}", "manifests/latest", "tags/list"):
        scripted.on(f"GET /v2/{NAME}/{route}", denied)
    question = registry_question(target_of(scripted.host), SINGLE, anonymous=True)
    told = ssh_host.run([question])[question.key].stdout
    view = parse_view(told)
    assert [line.split()[2] for line in told.splitlines() if line.startswith("manifest")] == ["403", "403"]
    assert view.tags is not None and view.tags.status == 403 and view.published(SINGLE) is not True
    assert r"no\nmanifest" in told


def test_a_config_that_is_a_pipe_is_never_waited_for(home: Path) -> None:
    config = home / ".docker/config.json"
    config.parent.mkdir()
    os.mkfifo(config)
    question = credential_question(target_of("ghcr.io"))
    began = time.monotonic()
    answers = LocalHost("ghcr.io").run([TRUE, question])
    assert time.monotonic() - began < 5
    assert answers["ok"].exit_code == 0
    assert answers[question.key].stdout.splitlines()[1:] == ["state unreadable", "source none"]
    assert not running(str(config))


def test_a_config_too_large_to_be_masked_ends_it_before_anything_is_run(home: Path, tmp_path: Path) -> None:
    config = home / ".docker/config.json"
    config.parent.mkdir()
    config.write_bytes(b" " * (1024 * 1024 + 1))
    touch = Command(key="touch", argv=("touch", str(tmp_path / "run")))
    with pytest.raises(HostError, match="the host lacks readable-docker-config") as caught:
        LocalHost("ghcr.io").run([touch])
    assert "larger than 1 MiB" in caught.value.hint and not (tmp_path / "run").exists()
    config.write_bytes(b" " * 1024 * 1024)
    assert LocalHost("ghcr.io").run([touch])["touch"].exit_code == 0


def test_a_shell_that_is_ended_ends_its_command_too(local: LocalHost, tmp_path: Path) -> None:
    """Else a pull would go on under a lock that nobody holds any more."""
    place, mark = tmp_path / "pid", host_mark()
    text = f'echo "$GA_PID" >{place}; sleep {mark}; echo never'
    lost: list[HostError] = []

    def run() -> None:
        with pytest.raises(HostError, match="no usable answer") as caught:
            local.run([program("nap", text, "nap", limit_s=60)])
        lost.append(caught.value)

    thread = threading.Thread(target=run)
    thread.start()
    while not running(mark) or not place.exists():
        time.sleep(0.05)
    os.kill(int(place.read_text()), signal.SIGTERM)
    thread.join(timeout=10)
    assert len(lost) == 1
    assert not running(mark)


def late(host: FramedHost, command: str) -> float:
    """Seconds until a stream with a deadline of half a second is given up."""
    stream = host.open_stream(command)
    began = time.monotonic()
    try:
        with pytest.raises(HostError, match=r"no answer in time|gave none|no end"):
            for _ in stream.chunks(began + 0.5):
                pass
    finally:
        stream.close()
    return time.monotonic() - began


@pytest.mark.parametrize("flood", ["exec yes complaint >&2", "exec yes answer"])
def test_a_flood_does_not_hide_the_deadline(local: LocalHost, flood: str) -> None:
    assert late(local, flood) < 3


class EndlessComplaint:
    """A channel whose standard error always has more."""

    def recv_stderr_ready(self) -> bool:
        return True

    def recv_stderr(self, size: int) -> bytes:
        return b"x" * size


def test_a_shell_that_complains_without_end_is_given_up_at_the_deadline() -> None:
    channel: Any = EndlessComplaint()
    began = time.monotonic()
    with pytest.raises(HostError) as caught:
        next(_ChannelStream(channel, "the host").chunks(began + 0.3))
    assert caught.value.temporary
    assert time.monotonic() - began < 2


def test_a_secret_in_what_is_asked_is_hidden_in_the_evidence() -> None:
    token = "ghp_labAsked00000000000000000000000000000"
    question = Command(key="host.health", argv=("echo", f"http://lab:labHealthPassw0rd@127.0.0.1/?token={token}"))
    seen = observe_host(LocalHost(), Asked(link=Link.PREFLIGHT, commands=(question,)))[-1]
    assert token not in seen.asked and "labHealthPassw0rd" not in seen.asked and "127.0.0.1" in seen.asked
