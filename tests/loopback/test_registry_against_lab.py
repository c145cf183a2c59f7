"""The registry client against the lab: a real registry behind the gateway that answers as ghcr.io does."""

import pytest

from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.registry.view import EndpointAnswer, RegistryView, TagList
from lab.loopback import LoopbackGateway
from tests.loopback.host_views import INDEXED, NAME
from tests.loopback.host_views import SINGLE as TAG

pytestmark = pytest.mark.loopback

NEVER_PUSHED = "20260122-120000"


def look(gateway: LoopbackGateway, token: str | None, platforms_of: str = TAG) -> RegistryView:
    credential = None if token is None else Credential(user="acme-bot", secret=Secret(token))
    with RegistryClient(gateway.address, credential=credential) as client:
        return client.view(NAME, (TAG, INDEXED, NEVER_PUSHED), with_platforms=platforms_of)


@pytest.mark.parametrize("platforms_of", [TAG, INDEXED])
def test_a_good_credential_sees_what_is_published_and_what_is_not(gateway: LoopbackGateway, platforms_of: str) -> None:
    view = look(gateway, gateway.tokens.good, platforms_of)
    assert view.tags == TagList(status=200, complete=True, tags=(TAG, INDEXED))
    assert [view.published(tag) for tag in (TAG, INDEXED, NEVER_PUSHED)] == [True, True, False]
    answers = [view.manifest(tag) for tag in (TAG, INDEXED)]
    assert all(answer is not None and answer.readable for answer in answers)
    assert view.platforms_of(platforms_of) != ()


def test_a_refused_credential_hides_the_missing_tag(gateway: LoopbackGateway) -> None:
    view = look(gateway, gateway.tokens.expired)
    assert view.published(NEVER_PUSHED) is None
    assert view.token == EndpointAnswer(status=403, error_code="DENIED", message="denied")


@pytest.mark.parametrize("kind", ["no_scope", "fine_grained"])
def test_a_token_without_scope_hides_it_too(gateway: LoopbackGateway, kind: str) -> None:
    view = look(gateway, getattr(gateway.tokens, kind))
    answer = view.manifest(NEVER_PUSHED)
    assert view.published(NEVER_PUSHED) is None
    assert answer is not None and answer.refused and "does not match expected scopes" in answer.message


def test_a_token_without_access_is_refused_at_the_manifest(gateway: LoopbackGateway) -> None:
    view = look(gateway, gateway.tokens.no_access)
    answer = view.manifest(TAG)
    assert view.token is not None and view.token.status == 200
    assert answer is not None and answer.refused and answer.message == "permission_denied: read_package"


def test_nobody_may_read_a_private_package(gateway: LoopbackGateway) -> None:
    view = look(gateway, None)
    assert view.token is not None and view.token.status == 401
    assert view.published(TAG) is None
