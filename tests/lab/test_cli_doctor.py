"""`ghcr-audit doctor`: says what is wrong with this machine, the server and a target, and what to do about it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.stack import Stack, free_port
from lab.lab import Lab
from tests.lab import host_flaws
from tests.lab.command_line import CommandLine, command_line, says, state_of_host

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return command_line(tmp_path)


def lines(cli: CommandLine, *words: str, **environment: str) -> dict[str, tuple[str, str]]:
    """What was looked at → (sign, what was found). The exit code must fit."""
    done = cli("doctor", *words, "--json", **environment)
    found = {line["what"]: (line["sign"], line["found"]) for line in json.loads(done.stdout)["lines"]}
    assert done.returncode == int("wrong" in {sign for sign, _ in found.values()}), done.stdout
    return found


def signs(cli: CommandLine, *words: str) -> dict[str, str]:
    return {what: sign for what, (sign, _) in lines(cli, *words).items()}


def test_a_locked_environment_without_a_server_has_nothing_wrong(cli: CommandLine) -> None:
    done = cli("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"✓ {what}: " in done.stdout for what in ("python", "git", "prefect", "fastapi", "sqlalchemy"))
    assert "– server: no Prefect server is configured\n    → `check` and `run` work without" in done.stdout
    assert "– ssh keys: no agent with keys, none in ~/.ssh\n    → " in done.stdout
    assert "– targets: none in " in done.stdout
    assert done.stdout.endswith("\nNothing is wrong. Next: ghcr-audit init USER@HOST\n")


def test_each_target_file_that_does_not_load_is_told(lab: Lab, cli: CommandLine) -> None:
    cli.target("good", lab.target_toml())
    file = cli.target("bad", lab.target_toml(host__port="22a"))
    done = cli("doctor")
    assert done.returncode == 1
    assert "✓ targets: 2 in " in done.stdout
    assert says(done, f"✗ target bad: {file}: host.port: not a port (got '22a', expected 1-65535) → Mend the file.")


def test_a_target_that_cannot_be_meant_is_a_configuration_error(cli: CommandLine) -> None:
    cli.target("bad", "image = ")
    for name, sentence in (("absent", "target: 'absent' is not known"), ("bad", "bad.toml: malformed TOML: ")):
        done = cli("doctor", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert says(done, sentence)


def test_a_sound_target_is_good_in_every_line_and_stays_as_it_is(lab: Lab, cli: CommandLine) -> None:
    host_flaws.wait_until_healthy(lab)
    cli.target("shop", lab.target_toml())
    before = state_of_host(lab)
    found = lines(cli, "shop")
    assert state_of_host(lab) == before
    address = f"{lab.ssh_user}@127.0.0.1:{lab.ssh_port}"
    for beginning in (
        f"repository {lab.repository}",
        f"The host {address} is reached with the pinned host key",
        "Docker's engine answers the deploying user",
        "It is known what the host's docker sends to ",
        f"The registry serves {lab.image}:{lab.releases.unpublished} to ",
        "curl on the host",
    ):
        fitting = [line for what, line in found.items() if what.startswith(beginning)]
        assert [sign for sign, _ in fitting] == ["good"], (beginning, fitting)
    assert lab.tokens.good not in str(found)


def test_a_refused_credential_is_wrong_and_told_without_its_value(lab: Lab, cli: CommandLine) -> None:
    cli.target("shop", lab.target_toml())
    before = lab.stored_config()
    lab.store_credential(lab.tokens.no_scope)
    try:
        done = cli("doctor", "shop")
    finally:
        lab.store_credential(lab.tokens.good)
    assert json.loads(before) == json.loads(lab.stored_config())
    assert done.returncode == 1
    assert f"✗ The registry serves {lab.image}:{lab.releases.unpublished} to " in done.stdout
    assert "read:packages" in done.stdout  # what to do
    assert lab.tokens.no_scope not in done.stdout + done.stderr


def test_a_host_that_is_not_reached_is_the_only_thing_wrong(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    pins.touch()
    cli.target("shop", lab.target_toml(host__known_hosts=str(pins)))
    found = signs(cli, "shop")
    wrong = [what for what, sign in found.items() if sign == "wrong"]
    assert wrong == [f"The host {lab.ssh_user}@127.0.0.1:{lab.ssh_port} is reached with the pinned host key"]
    assert found["curl on the host"] == "note"


def test_a_host_without_curl_is_told(lab: Lab, cli: CommandLine) -> None:
    cli.target("shop", lab.target_toml())
    with host_flaws.without_program(lab, "curl"):
        found = lines(cli, "shop")
    assert found["curl on the host"] == ("wrong", "not there")


def test_a_repository_that_cannot_be_read_is_told(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    cli.target("shop", lab.target_toml(repository=str(tmp_path)))
    sign, found = lines(cli, "shop")[f"repository {tmp_path}"]
    assert sign == "wrong"
    assert "not a git repository" in found


def test_a_server_that_does_not_answer_is_wrong_and_its_password_is_not_shown(cli: CommandLine) -> None:
    url = f"http://reader:labpassword@127.0.0.1:{free_port()}/api"
    done = cli("doctor", PREFECT_API_URL=url, PREFECT_API_AUTH_STRING="reader:labsecret")
    assert done.returncode == 1
    assert says(done, "/api: no answer → Start it (./run serve), or unset PREFECT_API_URL")
    assert not any(secret in done.stdout + done.stderr for secret in ("labpassword", "labsecret"))


def test_a_way_to_the_server_in_the_clear_is_wrong(cli: CommandLine) -> None:
    url = f"http://0.0.0.0:{free_port()}/api"  # no loopback address by its name, and yet nobody else's machine
    assert lines(cli, PREFECT_API_URL=url)["way to the server"] == ("wrong", f"{url}: neither loopback nor TLS")


def test_what_answers_but_is_no_prefect_server_is_wrong(lab: Lab, cli: CommandLine) -> None:
    sign, found = lines(cli, PREFECT_API_URL=f"http://{lab.upstream}")["server"]
    assert sign == "wrong"
    assert f"http://{lab.upstream}" in found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A Prefect server of its own, without deployment and worker."""
    stack = Stack(folder=tmp_path / "stack", port=free_port(), extra={"PATH": os.environ["PATH"]}, worker_query_s=1)
    try:
        stack.start_server()
        stack.wait_for_server()
        yield stack
    finally:
        stack.close()


@pytest.mark.long
def test_server_deployment_and_worker_are_looked_at(cli: CommandLine, stack: Stack) -> None:
    bare = lines(cli, PREFECT_API_URL=stack.api_url)
    assert bare["way to the server"][0] == bare["server"][0] == "good"
    assert bare["deployment"] == ("wrong", "none of the flow release-audit")
    stack.deploy()
    deployed = lines(cli, PREFECT_API_URL=stack.api_url)
    assert deployed["deployment"] == ("good", "post-release-audit, release-audit")
    assert deployed["worker of ghcr-audit"] == ("wrong", "0 of 0 online")
    stack.start_worker()
    assert _online(cli, stack) == ("good", "1 of 1 online")


def _online(cli: CommandLine, stack: Stack) -> tuple[str, str]:
    """The worker's line, once it announced itself: five looks at most, each takes seconds."""
    found = ("", "")
    for _ in range(5):
        found = lines(cli, PREFECT_API_URL=stack.api_url)["worker of ghcr-audit"]
        if found[0] == "good":
            break
    return found
