"""The probe that runs on the host: it sees of a registry what the controller's client sees with the same credential."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.causes import Cause
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.questions import registry_question
from ghcr_audit.registry.documents import OCI_INDEX
from ghcr_audit.registry.view import EndpointAnswer, TagList
from lab.loopback import LoopbackGateway
from lab.tokens import TokenKind
from tests.loopback.host_views import (
    ABSENT,
    INDEXED,
    NAME,
    SINGLE,
    USER,
    ask,
    program,
    seen_by_controller,
    seen_by_host,
    store,
    target_of,
    without_hidden,
)
from tests.loopback.scripted_registry import Answer as Scripted
from tests.loopback.scripted_registry import ScriptedRegistry

pytestmark = pytest.mark.loopback


@pytest.fixture(autouse=True)
def home(docker_home: Path) -> Path:
    return docker_home


@pytest.mark.parametrize("kind", list(TokenKind))
@pytest.mark.parametrize("tag", [SINGLE, INDEXED, ABSENT])
def test_host_and_controller_agree_with_every_kind_of_token(
    gateway: LoopbackGateway, home: Path, kind: TokenKind, tag: str
) -> None:
    token = gateway.tokens.value_of(kind)
    store(home, gateway.address, token)
    seen = seen_by_host(gateway.address, tag)
    assert seen == seen_by_controller(gateway.address, token, tag)
    assert seen.challenge is not None and seen.challenge.status == 401


def test_a_good_token_shows_digests_platforms_and_tags(gateway: LoopbackGateway, home: Path) -> None:
    store(home, gateway.address, gateway.tokens.good)
    seen = seen_by_host(gateway.address, INDEXED)
    answer = seen.manifest(INDEXED)
    assert answer is not None and answer.readable and answer.media_type == OCI_INDEX
    assert [platform.os for platform in seen.platforms_of(INDEXED)] == ["linux"]
    assert seen.tags == TagList(status=200, complete=True, tags=(SINGLE, INDEXED))
    assert [seen.published(tag) for tag in (SINGLE, INDEXED, ABSENT)] == [True, True, False]


@pytest.mark.parametrize("policy", [{"public": True}, {"public": False}, {"anonymous": "token"}])
def test_host_and_controller_agree_without_a_credential(
    gateway: LoopbackGateway, home: Path, policy: dict[str, object]
) -> None:
    store(home, gateway.address, gateway.tokens.good)
    gateway.control.switch(**policy)
    seen = seen_by_host(gateway.address, anonymous=True)
    assert seen == seen_by_controller(gateway.address, None)
    assert seen.published(SINGLE) is (True if policy.get("public") else None)


@pytest.mark.parametrize("fault", ["drop", "403", "404", "429", "500", "502", "503"])
@pytest.mark.parametrize("on", ["token", "manifests", "tags", "all"])
def test_host_and_controller_agree_on_a_faulty_registry(
    gateway: LoopbackGateway, home: Path, fault: str, on: str
) -> None:
    store(home, gateway.address, gateway.tokens.good)
    gateway.control.switch(fault=fault, on=on)
    seen = without_hidden(seen_by_host(gateway.address))
    assert seen == without_hidden(seen_by_controller(gateway.address, gateway.tokens.good))


def test_a_registry_that_hangs_is_left_after_its_time_limit(gateway: LoopbackGateway, home: Path) -> None:
    store(home, gateway.address, gateway.tokens.good)
    gateway.control.switch(fault="hang", on="token")
    began = time.monotonic()
    seen = seen_by_host(gateway.address)
    assert seen.token == EndpointAnswer(failure=Cause.NETWORK_UNREACHABLE_OR_TIMEOUT)
    assert seen.manifests == ()
    assert 9 < time.monotonic() - began < 20


def test_a_foreign_token_host_gets_nothing(gateway: LoopbackGateway, home: Path, scripted: ScriptedRegistry) -> None:
    store(home, gateway.address, gateway.tokens.good)
    gateway.control.switch(realm=f"http://{scripted.host}/token")
    seen = seen_by_host(gateway.address)
    assert seen == seen_by_controller(gateway.address, gateway.tokens.good)
    assert seen.token is not None and seen.token.realm_refused
    assert scripted.seen == []


@pytest.mark.parametrize("on", ["token", "manifests", "tags", "all"])
def test_no_redirect_takes_the_credential_elsewhere(
    gateway: LoopbackGateway, home: Path, scripted: ScriptedRegistry, on: str
) -> None:
    store(home, gateway.address, gateway.tokens.good)
    gateway.control.switch(redirect=f"http://{scripted.host}", redirect_on=on)
    seen = seen_by_host(gateway.address)
    assert scripted.seen == []
    assert without_hidden(seen) == without_hidden(seen_by_controller(gateway.address, gateway.tokens.good))


def test_a_blob_kept_elsewhere_is_fetched_without_the_credential(
    gateway: LoopbackGateway, home: Path, scripted: ScriptedRegistry
) -> None:
    store(home, gateway.address, gateway.tokens.good)
    credential = Credential(user=USER, secret=Secret(gateway.tokens.good))
    with RegistryClient(gateway.address, credential=credential) as client:
        config = json.loads(client.fetch_manifest(NAME, SINGLE).body)["config"]["digest"]
    body = json.dumps({"os": "linux", "architecture": "arm64", "variant": "v8"}).encode()
    scripted.on(f"GET /v2/{NAME}/blobs/{config}", Scripted(body=body))
    gateway.control.switch(redirect=f"http://{scripted.host}", redirect_on="blobs")
    assert [str(one) for one in seen_by_host(gateway.address).platforms_of(SINGLE)] == ["linux/arm64/v8"]
    assert [seen.authorization for seen in scripted.seen] == [""]


def test_a_host_without_curl_says_so(gateway: LoopbackGateway, home: Path) -> None:
    store(home, gateway.address, gateway.tokens.good)
    target = target_of(gateway.address)
    question = registry_question(target, SINGLE, anonymous=False)
    hidden = replace(
        question, argv=(*question.argv[:2], f"command() {{ return 1; }}\n{question.argv[2]}", *question.argv[3:])
    )
    assert LocalHost(gateway.address).run([hidden])[question.key].stdout == "lacks curl\n"


def test_a_host_without_a_credential_says_so(gateway: LoopbackGateway) -> None:
    assert ask(target_of(gateway.address)).stdout == "lacks credential\n"


def test_the_tag_of_the_running_container_is_asked_for_too(gateway: LoopbackGateway, home: Path) -> None:
    program(home, "docker", f"echo {gateway.address}/{NAME}:{INDEXED}")
    store(home, gateway.address, gateway.tokens.good)
    seen = seen_by_host(gateway.address)
    assert [answer.reference for answer in seen.manifests] == [SINGLE, "latest", INDEXED]
