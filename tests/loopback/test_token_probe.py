"""What the host learns from GitHub's API about its stored token, and that the token goes nowhere else."""

import base64
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Link, Observation
from ghcr_audit.questions import token_question
from ghcr_audit.targets import Target
from ghcr_audit.token_facts import HOST_TOKEN, TokenFacts, token_facts
from lab.gateway.github import LOGIN
from lab.gateway.requests import API_PATH
from lab.loopback import LoopbackGateway
from lab.tokens import TokenKind
from tests.loopback.host_tools import TOOLS, Tools, stand_in_front
from tests.loopback.host_views import NAME, USER, store, target_of, write_config
from tests.loopback.scripted_registry import ScriptedRegistry

pytestmark = pytest.mark.loopback

SCOPES: Mapping[TokenKind, tuple[str, ...] | None] = {
    TokenKind.GOOD: ("read:packages",),
    TokenKind.WRITER: ("write:packages",),
    TokenKind.NO_SCOPE: ("repo", "workflow"),
    TokenKind.NO_ACCESS: ("read:packages",),
    TokenKind.FINE_GRAINED: None,
    TokenKind.GH_OAUTH: ("gist", "read:org", "repo", "workflow"),
    TokenKind.EXPIRED: None,
}
PACKAGE = {
    TokenKind.GOOD: 200,
    TokenKind.WRITER: 200,
    TokenKind.NO_SCOPE: 403,
    TokenKind.NO_ACCESS: 404,
    TokenKind.FINE_GRAINED: 403,
    TokenKind.GH_OAUTH: 403,
    TokenKind.EXPIRED: None,
}


@pytest.fixture(autouse=True)
def home(docker_home: Path) -> Path:
    return docker_home


def target(registry: str, api: str | None = None) -> Target:
    return target_of(registry).model_copy(update={"github_api": api or f"http://{registry}{API_PATH}"})


def asked(target: Target) -> Observation:
    question = token_question(target)
    host = LocalHost(target.image_ref.registry)
    seen = observe_host(host, Asked(link=Link.AUTH, commands=question))
    return next(one for one in seen if one.key == HOST_TOKEN)


def seen(gateway: LoopbackGateway, home: Path, token: str) -> TokenFacts:
    store(home, gateway.address, token)
    found = token_facts(asked(target(gateway.address)))
    assert found is not None
    return found


@pytest.mark.parametrize("kind", list(TokenKind))
def test_each_kind_of_token_is_told_by_its_scopes_and_by_what_it_may_see(
    gateway: LoopbackGateway, home: Path, kind: TokenKind
) -> None:
    found = seen(gateway, home, gateway.tokens.value_of(kind))
    assert found.scopes == SCOPES[kind]
    assert (found.package.status if found.package else None) == PACKAGE[kind]
    assert (found.known, found.unknown) == (kind is not TokenKind.EXPIRED, kind is TokenKind.EXPIRED)
    assert found.login == ("" if kind is TokenKind.EXPIRED else LOGIN)
    assert found.checksum_right is (None if kind is TokenKind.FINE_GRAINED else True)
    assert not found.sso_required


def test_the_expiry_is_read_in_both_forms(gateway: LoopbackGateway, home: Path) -> None:
    ends = datetime(2036, 1, 20, 9, tzinfo=UTC)
    assert seen(gateway, home, gateway.tokens.good).expires_at == ends
    assert seen(gateway, home, gateway.tokens.fine_grained).expires_at == ends
    assert seen(gateway, home, gateway.tokens.writer).expires_at is None


def test_single_sign_on_and_an_ip_allow_list_are_named(gateway: LoopbackGateway, home: Path) -> None:
    gateway.control.switch(enforces="sso")
    assert seen(gateway, home, gateway.tokens.good).sso_required
    gateway.control.switch(enforces="ip_allow_list")
    found = seen(gateway, home, gateway.tokens.good)
    assert not found.sso_required
    assert found.package is not None and "IP allow list" in found.package.message


@pytest.mark.parametrize("tools", TOOLS, ids=str)
def test_a_mistyped_and_a_cut_token_are_told_by_every_awk(
    gateway: LoopbackGateway, home: Path, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    curl = shutil.which("curl")
    assert curl is not None
    stand_in_front(folder, tools)
    monkeypatch.setenv("PATH", f"{folder}:{home / 'bin'}:{Path(curl).parent}:/usr/bin:/bin")
    good = gateway.tokens.good
    other = "0" if good[10] != "0" else "1"
    tried = (good, good[:10] + other + good[11:], good[:-1], good + "0", gateway.tokens.fine_grained)
    assert [seen(gateway, home, token).checksum_right for token in tried] == [True, False, False, None, None]


def test_no_token_leaves_the_host_in_any_form(gateway: LoopbackGateway, home: Path) -> None:
    for kind in TokenKind:
        token = gateway.tokens.value_of(kind)
        store(home, gateway.address, token)
        told = asked(target(gateway.address))
        text = f"{told.asked}{told.stdout}{told.stderr}"
        pair = base64.b64encode(f"{USER}:{token}".encode()).decode()
        assert token not in text and token[-20:] not in text and pair not in text
        assert told.stderr == ""


@pytest.mark.parametrize("password", ["correct horse battery", "dckr_pat_labNotGithubs00000000000"])
def test_what_is_no_github_token_is_not_sent(
    gateway: LoopbackGateway, home: Path, scripted: ScriptedRegistry, password: str
) -> None:
    store(home, gateway.address, password)
    told = asked(target(gateway.address, f"http://{scripted.host}"))
    assert (told.stdout, scripted.seen) == ("not-asked other\n", [])
    assert token_facts(told) is None


def test_without_a_credential_nothing_is_asked(gateway: LoopbackGateway, home: Path) -> None:
    write_config(home, "{}")
    assert asked(target(gateway.address)).stdout == "not-asked empty\n"
    assert gateway.control.state().requests.api == 0


def test_no_redirect_takes_the_token_elsewhere(
    gateway: LoopbackGateway, home: Path, scripted: ScriptedRegistry
) -> None:
    gateway.control.switch(redirect=f"http://{scripted.host}", redirect_on="api")
    found = seen(gateway, home, gateway.tokens.good)
    assert found.user is not None and found.user.status == 307
    assert (scripted.seen, found.known, found.unknown) == ([], False, False)


def test_an_api_that_hangs_is_left_within_ten_seconds(gateway: LoopbackGateway, home: Path) -> None:
    gateway.control.switch(fault="hang", on="api")
    began = time.monotonic()
    found = seen(gateway, home, gateway.tokens.good)
    assert time.monotonic() - began < 13
    assert found.user is not None and found.user.failure is Cause.NETWORK_UNREACHABLE_OR_TIMEOUT
    assert (found.checksum_right, found.known, found.unknown) == (True, False, False)


def test_an_api_out_of_order_says_nothing_of_the_token(gateway: LoopbackGateway, home: Path) -> None:
    gateway.control.switch(fault="503", on="api")
    found = seen(gateway, home, gateway.tokens.good)
    assert found.user is not None and found.user.status == 503
    assert (found.known, found.unknown, found.scopes) == (False, False, None)


def test_a_host_without_curl_still_tells_kind_and_checksum(gateway: LoopbackGateway, home: Path) -> None:
    store(home, gateway.address, gateway.tokens.good)
    question = token_question(target(gateway.address))[0]
    text = f'command() {{ [ "$2" != curl ]; }}\n{question.argv[2]}'
    hidden = question.__class__(key=question.key, argv=(*question.argv[:2], text, *question.argv[3:]))
    told = LocalHost(gateway.address).run([hidden])[HOST_TOKEN].stdout
    assert told.splitlines() == ["kind ghp_", "checksum right", "user error other"]


def test_only_ghcr_is_asked_about_unless_the_target_names_an_api() -> None:
    ghcr, other = target_of("ghcr.io"), target_of("registry.example.invalid")
    assert (ghcr.token_api, other.token_api) == ("https://api.github.com", "")
    assert token_question(other) == ()
    assert [token_question(ghcr.model_copy(update={"github_api": off})) for off in ("", "none")] == [(), ()]
    assert token_question(ghcr)[0].argv[4:] == ("https://api.github.com", "ghcr.io", NAME)
