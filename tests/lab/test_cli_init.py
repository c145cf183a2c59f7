"""`ghcr-audit init`: from nothing but an SSH login to a target file that `check` works with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.targets import Target, read_target
from ghcr_audit.targets.tables import Deploy, HostAccess
from lab.lab import Lab
from lab.packages import ensure
from tests.lab import host_flaws
from tests.lab.command_line import CommandLine, HostState, says, state_of_host

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]


@pytest.fixture(autouse=True)
def nothing_changed(lab: Lab, whole: HostState) -> Iterator[None]:
    yield
    assert state_of_host(lab) == whole


def login(lab: Lab) -> tuple[str, ...]:
    """The words that say how the lab's host is reached."""
    return ("--port", str(lab.ssh_port), "--identity-file", str(lab.client_key), "--known-hosts", str(lab.known_hosts))


def place(lab: Lab, path: str = "") -> str:
    return f"{lab.ssh_user}@127.0.0.1{path}"


def test_a_host_becomes_a_target_that_check_passes(lab: Lab, cli: CommandLine) -> None:
    compose = f":{lab.deploy_dir}/compose.yml"
    done = cli("init", place(lab, compose), *login(lab), "--repository", str(lab.repository))
    file = cli.targets / "observer.toml"
    assert (done.returncode, done.stdout) == (0, f"{file}\nghcr-audit check observer\n")
    assert read_target(file) == Target(
        name="observer",
        image=lab.image,
        registry_user="lab",
        repository=str(lab.repository),
        container="observer",
        host=HostAccess(
            address="127.0.0.1",
            port=lab.ssh_port,
            user=lab.ssh_user,
            identity_file=str(lab.client_key),
            known_hosts=str(lab.known_hosts),
        ),
        deploy=Deploy(directory=str(lab.deploy_dir), script="server_deploy.sh", compose_file="compose.yml"),
    )
    assert cli("check", "observer", "--tag", lab.releases.running).returncode == 0


def test_the_printed_next_command_works_without_a_repository(lab: Lab, cli: CommandLine) -> None:
    done = cli("init", place(lab), *login(lab), "--name", "shop")
    command = done.stdout.splitlines()[1].split()
    assert command == ["ghcr-audit", "check", "shop", "--tag", lab.releases.running]
    checked = cli(*command[1:])
    assert checked.returncode == 0, checked.stdout
    assert "- Passed" in checked.stdout.splitlines()[0]


def test_what_was_seen_is_said_and_no_secret_is(lab: Lab, cli: CommandLine) -> None:
    done = cli("init", place(lab), *login(lab))
    assert says(done, f"container observer: the only one whose tag is a release's; image {lab.image}, running ")
    assert says(done, f"credential for {lab.registry}: user lab, ghp_… token, from auths of ")
    written = (cli.targets / "observer.toml").read_text(encoding="utf-8")
    assert 'drill = "forbidden"' in written
    assert lab.tokens.good not in done.stdout + done.stderr + written


def test_a_written_address_that_answers_becomes_the_health_url(lab: Lab, cli: CommandLine) -> None:
    """The lab's own health check names its port by a variable; a second container names it in full."""
    running = f"{lab.image}:{lab.releases.running}"
    check = f"wget -q -O /dev/null http://localhost:{lab.health_port}/health"
    made = lab.docker("create", "--network=host", "--name=spelled-out", f"--health-cmd={check}", running)
    try:
        assert made.returncode == 0, made.stderr
        done = cli("init", place(lab), *login(lab), "--container", "spelled-out")
        assert done.returncode == 0
        assert read_target(cli.targets / "spelled-out.toml").health_url == lab.health_url
    finally:
        lab.docker("rm", "--force", "spelled-out")


def test_two_possible_containers_are_listed_and_nothing_is_written(lab: Lab, cli: CommandLine) -> None:
    made = lab.docker("create", "--network=host", "--name=twin", f"{lab.image}:{lab.releases.running}")
    try:
        assert made.returncode == 0, made.stderr
        done = cli("init", place(lab), *login(lab))
        assert (done.returncode, done.stdout) == (2, "")
        assert says(done, "several containers could be meant (containers: ")
        assert says(done, f"twin ({lab.image}:{lab.releases.running})")
        assert says(done, "Name it: --container NAME.")
        narrowed = cli("init", place(lab, f":{lab.deploy_dir}"), *login(lab))
        assert narrowed.returncode == 0
    finally:
        lab.docker("rm", "--force", "twin")
    assert [file.name for file in cli.targets.iterdir()] == ["observer.toml"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--container", "absent"), "choose the container: no container 'absent' there (containers: observer"),
        (("--name", "Shop"), "'Shop.toml' is no name of a target file"),
    ],
)
def test_what_cannot_be_meant_is_a_configuration_error(
    lab: Lab, cli: CommandLine, words: tuple[str, ...], sentence: str
) -> None:
    done = cli("init", place(lab), *login(lab), *words)
    assert (done.returncode, done.stdout, list(cli.targets.iterdir())) == (2, "", [])
    assert says(done, sentence)


def test_another_compose_file_than_the_running_one_is_told(lab: Lab, cli: CommandLine) -> None:
    done = cli("init", place(lab, ":/srv/other/compose.yml"), *login(lab))
    assert (done.returncode, done.stdout) == (2, "")
    assert says(done, "no container was started from /srv/other/compose.yml")


def test_an_existing_file_is_never_touched(lab: Lab, cli: CommandLine) -> None:
    file = cli.target("observer", "mine = true\n")
    for words in ((), ("--name", "observer"), ("--out", str(file))):
        done = cli("init", place(lab), *login(lab), *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert says(done, f"init: {file}: the file exists; it was not touched")
        assert file.read_text(encoding="utf-8") == "mine = true\n"


def test_a_file_elsewhere_is_checked_by_its_path(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "shop.toml"
    done = cli("init", place(lab), *login(lab), "--out", str(file))
    assert done.stdout.splitlines()[1] == f"ghcr-audit check {file} --tag {lab.releases.running}"
    assert read_target(file).name == "shop"


def test_an_unknown_host_key_is_refused_and_the_fingerprint_pins_it(lab: Lab, cli: CommandLine) -> None:
    words = ("--port", str(lab.ssh_port), "--identity-file", str(lab.client_key))
    refused = cli("init", place(lab), *words)
    assert (refused.returncode, refused.stdout, list(cli.targets.iterdir())) == (5, "", [])
    assert says(refused, "check the host key: it is not known in any known_hosts file (got SHA256:")
    assert says(refused, "then pin it: --host-key SHA256:")
    assert not (cli.home / ".ssh").exists()
    fingerprint = refused.stderr.partition("(got ")[2].partition(")")[0]
    assert cli("init", place(lab), *words, "--host-key", fingerprint).returncode == 0
    assert read_target(cli.targets / "observer.toml").host.host_key == fingerprint
    assert cli("check", "observer", "--tag", lab.releases.running).returncode == 0


def test_a_wrong_fingerprint_is_refused(lab: Lab, cli: CommandLine) -> None:
    words = ("--port", str(lab.ssh_port), "--identity-file", str(lab.client_key), "--host-key", "SHA256:" + "A" * 43)
    done = cli("init", place(lab), *words)
    assert (done.returncode, list(cli.targets.iterdir())) == (5, [])
    assert says(done, "check the host key: it is not the pinned one")


def test_without_docker_nothing_is_written_and_both_commands_are_told(lab: Lab, cli: CommandLine) -> None:
    with host_flaws.without_program(lab, "docker"):
        done = cli("init", place(lab), *login(lab))
    assert (done.returncode, done.stdout, list(cli.targets.iterdir())) == (5, "", [])
    assert says(done, "look for docker: no docker command answers (docker: ")
    assert says(done, "; sudo -n docker: ")


def test_where_only_sudo_may_call_docker_the_file_says_so(lab: Lab, cli: CommandLine) -> None:
    """A stand-in for sudo that runs the command: the lab's user cannot become root."""
    sudo, docker = lab.folder / "bin" / "sudo", lab.folder / "bin" / "docker"
    real = docker.readlink()
    sudo.write_text('#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nGA_LAB_SUDO=1 exec "$@"\n', encoding="ascii")
    sudo.chmod(0o755)
    docker.unlink()
    refusal = 'echo "permission denied while trying to connect" >&2; exit 1'
    docker.write_text(f'#!/bin/sh\nif [ -z "$GA_LAB_SUDO" ]; then {refusal}; fi\nexec {real} "$@"\n', encoding="ascii")
    docker.chmod(0o755)
    try:
        done = cli("init", place(lab), *login(lab))
        assert done.returncode == 0
        assert read_target(cli.targets / "observer.toml").host.docker_command == ("sudo", "-n", "docker")
        assert cli("check", "observer", "--tag", lab.releases.running).returncode == 0
    finally:
        sudo.unlink()
        docker.unlink()
        docker.symlink_to(real)


def test_the_machine_itself_can_be_looked_at(lab: Lab, cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "docker").symlink_to(ensure().docker)
    done = cli("init", "local", DOCKER_HOST=f"unix://{lab.docker_socket}", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    written = read_target(cli.targets / "observer.toml")
    assert written.host.local
    assert written.registry_user == "acme"  # nothing is stored here: the image's owner is the guess
