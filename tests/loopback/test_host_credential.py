"""What credential the host's docker holds: found as docker finds it, told without its value."""

import base64
import json
import shutil
from pathlib import Path

import pytest

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.questions import credential_question, registry_question
from ghcr_audit.registry.view import parse_view
from lab.loopback import LoopbackGateway
from tests.loopback.host_views import (
    SINGLE,
    USER,
    ask,
    program,
    seen_by_controller,
    store,
    target_of,
    write_config,
)

pytestmark = pytest.mark.loopback


@pytest.fixture(autouse=True)
def home(docker_home: Path) -> Path:
    return docker_home


def stored(registry: str = "ghcr.io", **access: tuple[str, ...]) -> list[str]:
    """The lines of the credential question, without the config's path."""
    target = target_of(registry, **access)
    question = credential_question(target)
    answer = LocalHost(registry, target.host.sudo).run([question])[question.key]
    assert (answer.exit_code, answer.stderr) == (0, "")
    return answer.stdout.splitlines()[1:]


def entry(value: object) -> str:
    return json.dumps({"auths": {"ghcr.io": value}})


PAIR = base64.b64encode(b"acme-bot:ghp_labStored00000000000000000000000").decode()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (entry({"auth": PAIR}), ["state present", "source auths", "user acme-bot", "kind ghp_"]),
        (
            json.dumps({"auths": {"https://ghcr.io/v2/": {"auth": PAIR}}}),
            ["state present", "source auths", "user acme-bot", "kind ghp_"],
        ),
        (entry({}), ["state present", "source none"]),
        ("", ["state present", "source none"]),
        ("{}", ["state present", "source none"]),
        (entry({"auth": "AAAA"}), ["state present", "source auths-undecodable"]),
        (entry({"auth": PAIR, "identitytoken": "lab-identity"}), ["state present", "source identitytoken"]),
        (entry({"auth": PAIR})[:-2], ["state damaged", "source none"]),
        ("not json", ["state damaged", "source none"]),
        ('{"credsStore": "nowhere"}', ["state present", "source helper-missing:nowhere"]),
        ('{"credsStore": "x; reboot"}', ["state present", "source helper-name-invalid"]),
        ('{"credHelpers": {"ghcr.io": "lab"}}', ["state present", "source helper:lab", "user bot", "kind gho_"]),
        ('{"credsStore": "lab"}', ["state present", "source helper:lab", "user bot", "kind gho_"]),
        ('{"credsStore": "none"}', ["state present", "source none"]),
        ('{"credsStore": "broken"}', ["state present", "source helper-failed:broken"]),
    ],
)
def test_the_stored_credential_is_found_as_docker_finds_it(home: Path, config: str, told: list[str]) -> None:
    program(
        home, "docker-credential-lab", """echo '{"Username":"bot","Secret":"gho_labHelper000000000000000000000"}'"""
    )
    program(home, "docker-credential-none", "echo 'credentials not found in native keychain'; exit 1")
    program(home, "docker-credential-broken", "echo 'dbus is not running' >&2; exit 1")
    write_config(home, config)
    assert stored() == told


def test_without_a_config_nothing_is_stored() -> None:
    assert stored() == ["state absent", "source none"]


def test_under_sudo_the_other_users_login_is_looked_at(home: Path, gateway: LoopbackGateway) -> None:
    """Incident of many hosts: the login is the deploy user's, and docker runs as root."""
    root = home / "root"
    root.mkdir()
    program(home, "sudo", f'[ "$1" = -n ] || exit 1; shift; HOME={root} exec "$@"')
    store(home, gateway.address, gateway.tokens.good)
    words = ("sudo", "-n", "docker")
    own = f"elsewhere {home}/.docker/config.json"
    assert stored(gateway.address, docker_command=words) == ["state absent", "source none", own]
    assert ask(target_of(gateway.address, docker_command=words)).stdout == "lacks credential\n"
    store(root, gateway.address, gateway.tokens.good)
    shutil.rmtree(home / ".docker")
    assert "source auths" in stored(gateway.address, docker_command=words)
    seen = parse_view(ask(target_of(gateway.address, docker_command=words)).stdout)
    assert seen == seen_by_controller(gateway.address, gateway.tokens.good)


def test_a_sudo_that_may_not_read_the_config_is_not_taken_for_a_missing_login(home: Path) -> None:
    program(home, "sudo", 'shift; [ "$1" != cat ] || exit 1; exec "$@"')
    write_config(home, entry({"auth": PAIR}))
    assert stored(docker_command=("sudo", "-n", "docker")) == ["state unreadable", "source none"]


def test_the_answer_never_holds_the_token(gateway: LoopbackGateway, home: Path) -> None:
    token = gateway.tokens.good
    store(home, gateway.address, token)
    target = target_of(gateway.address)
    answers = LocalHost(gateway.address).run(
        [credential_question(target), registry_question(target, SINGLE, anonymous=False)]
    )
    texts = "".join(answer.stdout + answer.stderr for answer in answers.values())
    assert token not in texts and base64.b64encode(f"{USER}:{token}".encode()).decode() not in texts
    assert "kind ghp_" in texts and "token 200" in texts
