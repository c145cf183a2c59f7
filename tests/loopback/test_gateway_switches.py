"""The gateway breaks only where and as often as it is told to, and shows no credential."""

import base64
import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.gateway import GatewayControl
from lab.gateway.gateway import Gateway
from lab.gateway.requests import Request
from lab.gateway.server import GatewayServer
from lab.gateway.state import GatewayState
from lab.gateway.upstream import Upstream
from lab.images import publish_release
from lab.loopback import (
    LoopbackGateway,
    basic,
    loopback_gateway,
    loopback_registry,
    token_target,
)
from lab.tokens import LabTokens, TokenKind

pytestmark = pytest.mark.loopback

NAME = "acme/observer"
TAGS = ("20260119-101500", "20260120-083000")
TAG = TAGS[0]
MANIFEST = f"/v2/{NAME}/manifests/{TAG}"


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry with two releases."""
    busybox = tmp_path_factory.mktemp("program") / "busybox"
    busybox.write_bytes(bytes(range(256)) * 200)
    with loopback_registry() as address:
        for tag in TAGS:
            publish_release(address, NAME, tag, busybox=busybox)
        yield address


@pytest.fixture
def gateway(upstream: str, tmp_path: Path) -> Iterator[LoopbackGateway]:
    with loopback_gateway(tmp_path, upstream=upstream) as running:
        yield running


# --- faults ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("403", (403, "DENIED", "requested access to the resource is denied")),
        ("404", (404, "MANIFEST_UNKNOWN", "manifest unknown")),
        ("500", (500, "UNKNOWN", "unknown error")),
        ("502", (502, "UNKNOWN", "bad gateway")),
        ("503", (503, "UNAVAILABLE", "service unavailable")),
    ],
)
@pytest.mark.parametrize("place", ["manifests", "token"])
def test_a_fault_is_answered_once_where_it_was_switched(
    gateway: LoopbackGateway, fault: str, expected: tuple[int, str, str], place: str
) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(fault=fault, on=place, times=1)
    target = MANIFEST if place == "manifests" else token_target(NAME)
    asking = headers if place == "manifests" else basic(gateway.tokens.good)
    assert gateway.ask(f"/v2/{NAME}/tags/list", headers=headers).status == 200
    assert gateway.ask(target, headers=asking).error == expected
    assert gateway.ask(target, headers=asking).status == 200


def test_429_tells_when_to_come_back(gateway: LoopbackGateway) -> None:
    gateway.control.switch(fault="429", on="manifests", retry_after_s=7)
    seen = gateway.ask(MANIFEST, headers=gateway.bearer("good", NAME))
    assert seen.error == (429, "TOOMANYREQUESTS", "retry-after: 7s, allowed: 44000/minute")
    assert seen.headers["Retry-After"] == "7"


def test_a_fault_without_times_lasts_until_it_is_switched_off(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(fault="500", on="all")
    assert [gateway.ask(MANIFEST, headers=headers).status for _ in range(3)] == [500] * 3
    gateway.control.switch(fault=None)
    assert gateway.ask(MANIFEST, headers=headers).status == 200


@pytest.mark.parametrize("named", [TAG, f"{NAME}:{TAG}"])
def test_a_fault_may_hit_one_tag_only(gateway: LoopbackGateway, named: str) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(fault="404", on="manifests", tag=named)
    assert gateway.ask(MANIFEST, headers=headers).status == 404
    assert gateway.ask(f"/v2/{NAME}/manifests/{TAGS[1]}", headers=headers).status == 200


def test_a_refusal_may_repeat_the_credential_that_it_refuses(gateway: LoopbackGateway) -> None:
    """At both endpoints, in three forms; what is not refused repeats nothing."""
    tokens = gateway.tokens
    gateway.control.switch(echoes=True)
    at_the_token_endpoint = gateway.ask(token_target(NAME), headers=basic(tokens.expired))
    for_the_manifest = gateway.ask(MANIFEST, headers=gateway.bearer("gh_oauth", NAME))
    for seen, token in ((at_the_token_endpoint, tokens.expired), (for_the_manifest, tokens.gh_oauth)):
        message = seen.error[2]
        encoded = base64.b64encode(f"lab:{token}".encode()).decode()
        assert (seen.status, message.count(token), encoded in message) == (403, 2, True)
    assert tokens.good not in gateway.ask(MANIFEST, headers=gateway.bearer("good", NAME)).body.decode()


def test_a_dropped_connection_has_no_answer(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(fault="drop", on="manifests", times=1)
    with pytest.raises(http.client.RemoteDisconnected, match="closed connection without response"):
        gateway.ask(MANIFEST, headers=headers)
    assert gateway.ask(MANIFEST, headers=headers).status == 200


def test_a_hanging_request_waits_until_something_is_switched(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(fault="hang", on="manifests", times=1)
    ended = threading.Event()

    def hang() -> None:
        with pytest.raises(http.client.RemoteDisconnected, match="closed connection without response"):
            gateway.ask(MANIFEST, headers=headers)
        ended.set()

    thread = threading.Thread(target=hang, daemon=True)
    thread.start()
    assert not ended.wait(0.3)
    gateway.control.switch(fault=None)
    assert ended.wait(5)
    thread.join(timeout=5)


def test_a_delay_holds_back_the_answer_and_not_the_others(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(delay_s=0.4, on="manifests", times=1)
    times = []
    for _ in range(2):
        started = time.monotonic()
        assert gateway.ask(MANIFEST, headers=headers).status == 200
        times.append(time.monotonic() - started)
    assert times[0] >= 0.4 > times[1]


def test_a_slow_registry_sends_its_bodies_at_the_pace(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    started = time.monotonic()
    whole = gateway.ask(MANIFEST, headers=headers).body
    quick_s = time.monotonic() - started
    gateway.control.switch(kbps=1, on="manifests")
    started = time.monotonic()
    assert gateway.ask(MANIFEST, headers=headers).body == whole
    slow_s = time.monotonic() - started
    assert slow_s > len(whole) / 1024 * 0.8 > quick_s


def test_a_registry_that_is_down_is_a_bad_gateway(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with loopback_gateway(tmp_path, upstream=f"127.0.0.1:{free.getsockname()[1]}") as gateway:
            seen = gateway.ask(MANIFEST, headers=gateway.bearer("good", NAME))
    assert seen.error == (502, "UNKNOWN", "bad gateway")


# --- hostile registries ---------------------------------------------------------------------------------


def test_a_foreign_realm_can_be_announced(gateway: LoopbackGateway) -> None:
    gateway.control.switch(realm="http://127.0.0.1:9/token")
    assert 'realm="http://127.0.0.1:9/token"' in gateway.ask(MANIFEST).headers["WWW-Authenticate"]


@pytest.mark.parametrize("place", ["manifests", "token"])
def test_a_redirect_leads_to_another_host(gateway: LoopbackGateway, place: str) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(redirect="http://127.0.0.1:9/", redirect_on=place)
    target = MANIFEST if place == "manifests" else token_target(NAME)
    asking = headers if place == "manifests" else basic(gateway.tokens.good)
    seen = gateway.ask(target, headers=asking)
    assert (seen.status, seen.headers["Location"]) == (307, f"http://127.0.0.1:9{target}")
    assert gateway.ask(f"/v2/{NAME}/tags/list", headers=headers).status == 200


# --- the switchboard ------------------------------------------------------------------------------------


def test_a_credential_is_revoked_and_restored_while_the_gateway_runs(gateway: LoopbackGateway) -> None:
    held = gateway.bearer("good", NAME)
    gateway.control.switch(revoke="good")
    assert gateway.ask(token_target(NAME), headers=basic(gateway.tokens.good)).error == (403, "DENIED", "denied")
    assert gateway.ask(MANIFEST, headers=held).error == (403, "DENIED", "denied")
    assert gateway.control.state().revoked == (TokenKind.GOOD,)
    gateway.control.switch(restore="good")
    assert gateway.ask(MANIFEST, headers=held).status == 200


def test_requests_are_counted_by_kind(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    for target in (MANIFEST, MANIFEST, f"/v2/{NAME}/tags/list", f"/v2/{NAME}/blobs/sha256:0", "/v2/", "/x"):
        gateway.ask(target, headers=headers)
    gateway.ask(MANIFEST)
    counts = gateway.control.state().requests
    assert (counts.token, counts.manifests, counts.tags, counts.blobs, counts.v2) == (1, 3, 1, 1, 1)
    assert (counts.other, counts.challenged) == (1, 1)


def test_reset_brings_back_the_first_state(gateway: LoopbackGateway) -> None:
    gateway.control.switch(fault="500", public=True, revoke="good", realm="http://127.0.0.1:9/token")
    gateway.ask("/v2/")
    assert gateway.control.state() != GatewayState()
    gateway.control.switch(reset=True)
    assert gateway.control.state() == GatewayState()


def test_a_new_fault_is_not_spent_by_the_one_before(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.control.switch(fault="500", on="manifests", times=1)
    gateway.ask(MANIFEST, headers=headers)
    gateway.control.switch(fault="503", on="manifests")
    assert gateway.ask(MANIFEST, headers=headers).status == 503


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fualt": "500"}, r"switch 'fualt': unknown \(expected one of fault, on, "),
        ({"fault": "418"}, r"switch fault: not possible \(got '418', expected one of None, 403, "),
        ({"revoke": "better"}, r"switch revoke: not possible \(got 'better', expected one of good, "),
        ({"times": -2}, r"switch times: not possible \(got '-2', expected a whole number, or -1"),
        ({"times": True}, r"switch times: not possible \(got 'True'"),
        ({"delay_s": 61}, r"switch delay_s: not possible \(got '61', expected 0 to 60 seconds\)"),
        ({"public": "yes"}, r"switch public: not possible \(got 'yes', expected True or False\)"),
    ],
)
def test_an_impossible_switch_is_refused_and_nothing_changes(
    gateway: LoopbackGateway, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        gateway.control.switch(anonymous="token", **changes)
    assert gateway.control.state() == GatewayState()


@pytest.mark.parametrize("body", [b"[]", b"nonsense"])
def test_what_is_no_json_object_switches_nothing(gateway: LoopbackGateway, body: bytes) -> None:
    assert gateway.ask("/_lab", method="POST", body=body).status == 400


def test_neither_the_log_nor_the_switchboard_shows_a_credential(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    gateway.ask(MANIFEST, headers=headers | {"User-Agent": "docker/28"})
    gateway.ask(f"/token?password={gateway.tokens.good}", headers=basic(gateway.tokens.expired))
    gateway.ask(f"/_lab?{gateway.tokens.good}", method="POST", body=b'{"revoke": "good"}')
    written = gateway.log.read_text() + gateway.ask("/_lab").body.decode()
    assert f"GET {MANIFEST} 200 'docker/28'" in written
    assert "GET /token 403" in written
    for secret in (gateway.tokens.good, gateway.tokens.expired, headers["Authorization"].split()[1], "Basic"):
        assert secret not in written


def test_the_gateway_listens_on_the_loopback_only() -> None:
    with pytest.raises(ValueError, match=r"listens on the loopback only \(got '0\.0\.0\.0'\)"):
        GatewayServer(("0.0.0.0", 0), gateway=None, log=sys.stderr)  # type: ignore[arg-type]  # noqa: S104


def test_a_stranger_does_not_reach_the_switchboard(upstream: str) -> None:
    gateway = Gateway(name="ghcr.io", upstream=Upstream(upstream), tokens=LabTokens.generate())
    request = Request(method="GET", target="/_lab", client="192.0.2.1")
    assert gateway.answer(request).status == 404


# --- the process ----------------------------------------------------------------------------------------


def test_the_program_serves_until_term_and_keeps_its_tokens_out_of_sight(upstream: str, tmp_path: Path) -> None:
    tokens = LabTokens.generate()
    file = tmp_path / "tokens.json"
    file.touch(mode=0o600)
    file.write_text(tokens.to_json())
    argv = [sys.executable, "-m", "lab.gateway", "--port", "0", "--upstream", upstream]
    argv += ["--tokens", str(file), "--log", str(tmp_path / "log"), "--name", "registry.example"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().removeprefix("listening on ").strip()
            control = GatewayControl(address)
            control.switch(public=True)
            assert control.state().policy.public
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
    assert not any(value in (tmp_path / "log").read_text() for value in (tokens.good, tokens.writer))
