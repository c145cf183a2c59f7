"""Where a message ends and in which order its lines stand: both what holds and what must not (invented names)."""

import time

import pytest

from ghcr_audit.causes import Cause
from ghcr_audit.messages import diagnose_text
from ghcr_audit.messages.conditions import other_process
from ghcr_audit.messages.endings import (
    ends_in_grpc,
    given_up_by_itself,
    oauth_answer_cut,
    option_refused_by_compose,
    plain_private_endpoint,
    reads_docker_config,
    scopes_of_two,
)
from ghcr_audit.messages.features import Refusal, read_message, without_logs

DAEMON = "Error response from daemon: unauthorized"
SLOWEST_S = 2.0


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (" ✘ db Error context canceled\n ✘ web Error denied", False),
        (" ✘ db Error context canceled\n ✘ web Error context canceled", True),
        (" ✘ Image acme/db:1 Error context canceled\n ✘ Image acme/web:1 Error denied", False),
        (" ✘ db Error context canceled\n ✔ web Pulled", True),
        ("Error response from daemon: context canceled", True),
    ],
)
def test_a_canceled_row_follows_from_another_rows_fault(text: str, holds: bool) -> None:
    assert given_up_by_itself(read_message(text)) is holds


@pytest.mark.parametrize("row", ["✘ web Error denied", "✘ Image acme/web:1 Error denied   0.3s", "! web Error denied"])
def test_a_row_of_compose_holds_a_refusal(row: str) -> None:
    assert read_message(f"[+] Running 0/1\n {row}").refusals == (Refusal(code="denied", message=""),)


@pytest.mark.parametrize(
    ("address", "inner", "holds"),
    [
        ("10.9.8.7:5000", "EOF", True),
        ("192.168.1.2:5000", "http: server gave HTTP response", True),
        ("172.20.0.2:80", "malformed HTTP response", True),
        ("172.40.0.2:80", "EOF", False),
        ("203.0.113.9:5000", "EOF", False),
        ("10.9.8.7", "EOF", False),
        ("10.9.8.7:5000", "x509: certificate signed by unknown authority", False),
        ("cr.acme.example:5000", "EOF", False),
    ],
)
def test_a_private_address_with_a_port_that_is_cut_off(address: str, inner: str, holds: bool) -> None:
    text = f"Invalid registry endpoint https://{address}/v1/: Get https://{address}/v1/_ping: {inner}. If this"
    assert plain_private_endpoint(read_message(text)) is holds


@pytest.mark.parametrize("inner", ["EOF", "http: lab"])
@pytest.mark.parametrize("address", ["10.9.8.7:5000", "cr.acme.example"])
def test_docker_1_names_http_and_tls_both(address: str, inner: str) -> None:
    text = (
        f"Invalid registry endpoint https://{address}/v1/: Get https://{address}/v1/_ping: {inner}. If this private "
        "registry supports only HTTP or HTTPS with an unknown CA certificate, please add it"
    )
    both = {Cause.HTTP_REGISTRY_HTTPS_MISMATCH, Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW}
    assert both == {one.cause for one in diagnose_text(text)[:2]}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("$ docker compose up -d --lab\nunknown flag: --lab", True),
        ("root@lab:~# sudo docker-compose -f a.yml ls -x\nunknown shorthand flag: 'x' in -x", True),
        ("docker compose pull --lab\nError: unknown long flag '--lab'", True),
        ("$ docker compose exec web lab --lab\nunknown flag: --lab", False),
        ("$ docker compose -f a.yml run web --lab\nunknown flag: --lab", False),
        ("$ docker compose up -d\nStarted\nunknown flag: --lab", False),
        ("$ docker ps --lab\nunknown flag: --lab", False),
        ("$ cat docker compose.md\nunknown flag: --lab", False),
    ],
)
def test_an_option_is_composes_when_its_command_stands_above(text: str, holds: bool) -> None:
    assert option_refused_by_compose(read_message(text)) is holds


@pytest.mark.parametrize(
    ("name", "holds"),
    [("readDockerConfig", True), ("load_docker_cli_config", True), ("readConfig", False), ("dockerConfigured", False)],
)
def test_a_function_that_reads_dockers_configuration(name: str, holds: bool) -> None:
    assert reads_docker_config(read_message(f"at Lab.{name} (lab.js:1)")) is holds


@pytest.mark.parametrize(
    ("scopes", "holds"),
    [
        ("scope=repository%3Aacme%2Fshop%3Apull&scope=repository%3Auser%2Fimage%3Apull", True),
        ("scope=repository:acme/shop:pull&scope=repository:acme/base:pull", True),
        ("scope=repository:acme/shop:pull&scope=repository:acme/shop:pull", False),
        ("scope=repository:acme/shop:pull,push&scope=repository:acme/base:pull", False),
        ("scope=repository:acme/shop:push,pull&scope=repository:acme/base:pull", False),
        ("scope=repository%3Aacme%2Fshop%3Apull&service=ghcr.io", False),
    ],
)
def test_a_token_for_two_repositories(scopes: str, holds: bool) -> None:
    assert scopes_of_two(read_message(f"GET request to https://ghcr.io/token?{scopes}: 403")) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("failed to fetch oauth token: unexpected status", True),
        ("failed to fetch oauth token: unexpected status from GET request to", True),
        ("failed to fetch oauth token: unexpected status: 503 Service Unavailable", False),
        ("failed to fetch anonymous token: unexpected status", False),
    ],
)
def test_an_answer_that_is_cut_off_before_its_status(text: str, holds: bool) -> None:
    assert oauth_answer_cut(read_message(text)) is holds


@pytest.mark.parametrize(
    ("ending", "holds"),
    [("", True), (" desc =", True), ("'.", True), (" desc = lab", False), ("OrElse", False)],
)
def test_a_grpc_status_counts_where_nothing_follows(ending: str, holds: bool) -> None:
    assert ends_in_grpc("notfound")(read_message(f"pull: rpc error: code = NotFound{ending}")) is holds


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (("level=warning lab", DAEMON), (DAEMON,)),
        (('time="1" level=info lab', "web Error", DAEMON), ("web Error", DAEMON)),
        (("level=error lab", DAEMON), ("level=error lab", DAEMON)),
        (("level=warning lab", DAEMON, "lab ended"), ("level=warning lab", DAEMON, "lab ended")),
    ],
)
def test_a_warning_is_beside_the_point_before_the_engines_error(lines: tuple[str, ...], kept: tuple[str, ...]) -> None:
    message = without_logs(read_message("\n".join(lines)))
    assert message.sentences == tuple(line.lower() for line in kept)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("$ podman login lab.example\n$ sudo podman pull lab.example/shop", True),
        ("$ sudo podman login lab.example\n$ sudo podman pull lab.example/shop", False),
        ("podman[811]: Error: unauthorized", True),
        ("mypodman[811]: Error: unauthorized", False),
    ],
)
def test_another_process_is_told_by_how_it_was_started(text: str, holds: bool) -> None:
    assert other_process(read_message(text)) is holds


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("changed: [lab] => host key added", Cause.SSH_HOST_KEY_MISMATCH, id="ansible changed a host"),
        pytest.param("docker.sock is readable by lab", Cause.DOCKER_SOCKET_PERMISSION, id="a socket in good order"),
        pytest.param("lab.tar.gz: expected sha256:1, got sha256:2", Cause.IMAGE_DIGEST_MISMATCH, id="an archive"),
        pytest.param("the lab has an unknown cause", Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW, id="no certificate's CA"),
        pytest.param(
            "OCI runtime exec failed: write init-p: broken pipe", Cause.NETWORK_UNREACHABLE_OR_TIMEOUT, id="a pipe"
        ),
        pytest.param(
            "Unable to update container /lab: denied: denied", Cause.WRONG_USER_CONFIG, id="an updater with a login"
        ),
        pytest.param("config.host must be a valid string", Cause.SSH_UNREACHABLE, id="nobody speaks of SSH"),
        pytest.param(
            "ssh -l lab system dial-stdio has exited with exit status 127, stderr=sh: docker: not found",
            Cause.SSH_UNREACHABLE,
            id="a host that answered",
        ),
    ],
)
def test_this_cause_is_not_read_out_of_it(text: str, cause: Cause) -> None:
    assert cause not in [one.cause for one in diagnose_text(text)]


def test_a_request_of_githubs_api_may_have_met_its_limit() -> None:
    found = [one.cause for one in diagnose_text("GitHub API error: 403 Forbidden", registry="github.com")]
    assert Cause.RATE_LIMITED in found[1:4]


@pytest.mark.parametrize(
    "piece",
    [
        "docker compose a ",
        "scope=repository:a:pull,pull&",
        ":pull,pull",
        "✘ a error ",
        "invalid registry endpoint https://10.1.1.1:1/ get a ",
        "rpc error: code = notfound ",
        "$ docker compose a\nunknown flag: -x\n",
        "level=warning a\n",
    ],
)
def test_what_repeats_itself_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * (200_000 // len(piece)) + "\nError response from daemon: lab"
    began = time.process_time()
    diagnose_text(text)
    assert time.process_time() - began < SLOWEST_S
