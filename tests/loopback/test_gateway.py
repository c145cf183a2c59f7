"""The gateway answers row by row as ghcr.io was seen to answer, and breaks only where it is told to."""

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lab.gateway.access import BEARER_LIFE_S, Access
from lab.gateway.requests import Request
from lab.gateway.switchboard import Switchboard
from lab.images import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, publish_release
from lab.loopback import (
    EVERY_TYPE,
    LoopbackGateway,
    basic,
    loopback_gateway,
    loopback_registry,
    token_target,
)
from lab.tokens import LabTokens, TokenKind

pytestmark = pytest.mark.loopback

NAME = "acme/observer"
TAGS = ("20260119-101500", "20260120-083000", "20260120-174230")
TAG = TAGS[0]
INDEXED = "20260121-000000"
MANIFEST = f"/v2/{NAME}/manifests/{TAG}"
NO_SCOPE = "permission_denied: The token provided does not match expected scopes."


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry with three releases and one index."""
    busybox = tmp_path_factory.mktemp("program") / "busybox"
    busybox.write_bytes(bytes(range(256)) * 200)
    with loopback_registry() as address:
        for tag in TAGS:
            publish_release(address, NAME, tag, busybox=busybox)
        publish_release(address, "other/tool", "1", busybox=busybox)
        publish_release(address, NAME, INDEXED, busybox=busybox, as_index=True)
        yield address


@pytest.fixture
def gateway(upstream: str, tmp_path: Path) -> Iterator[LoopbackGateway]:
    with loopback_gateway(tmp_path, upstream=upstream) as running:
        yield running


# --- who asks, and what they are told -------------------------------------------------------------------


def test_the_root_without_a_token_is_challenged_with_the_literal_user_and_image(
    gateway: LoopbackGateway,
) -> None:
    seen = gateway.ask("/v2/")
    assert seen.error == (401, "UNAUTHORIZED", "authentication required")
    assert seen.headers["WWW-Authenticate"] == (
        f'Bearer realm="http://{gateway.address}/token",service="ghcr.io",scope="repository:user/image:pull"'
    )


@pytest.mark.parametrize("public", [True, False])
def test_a_manifest_without_a_token_is_challenged_even_when_public(gateway: LoopbackGateway, public: bool) -> None:
    gateway.control.switch(public=public)
    seen = gateway.ask(MANIFEST)
    assert seen.error == (401, "UNAUTHORIZED", "authentication required")
    assert f'scope="repository:{NAME}:pull"' in seen.headers["WWW-Authenticate"]


def test_anonymous_and_public_gets_a_token_that_reads(gateway: LoopbackGateway) -> None:
    gateway.control.switch(public=True)
    seen = gateway.ask(token_target(NAME))
    assert seen.status == 200
    headers = {"Authorization": f"Bearer {json.loads(seen.body)['token']}", "Accept": EVERY_TYPE}
    assert gateway.ask(MANIFEST, headers=headers).status == 200


def test_anonymous_and_private_gets_401_and_no_token(gateway: LoopbackGateway) -> None:
    seen = gateway.ask(token_target(NAME))
    assert seen.error == (401, "UNAUTHORIZED", "authentication required")
    assert seen.headers["WWW-Authenticate"] is None


def test_anonymous_and_private_may_also_get_a_token_and_then_403(gateway: LoopbackGateway) -> None:
    gateway.control.switch(anonymous="token")
    seen = gateway.ask(token_target(NAME))
    assert seen.status == 200
    headers = {"Authorization": f"Bearer {json.loads(seen.body)['token']}"}
    assert gateway.ask(MANIFEST, headers=headers).error == (403, "DENIED", "permission_denied: read_package")


@pytest.mark.parametrize("public", [True, False])
def test_anonymous_and_absent_is_denied_at_the_token_endpoint(gateway: LoopbackGateway, public: bool) -> None:
    gateway.control.switch(public=public)
    seen = gateway.ask(token_target("acme/absent"))
    assert seen.error == (403, "DENIED", "requested access to the resource is denied")


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("value", ["", "ghp_labStranger", "expired"])
def test_a_refused_credential_is_denied_even_for_a_public_image(
    gateway: LoopbackGateway, value: str, public: bool
) -> None:
    gateway.control.switch(public=public)
    presented = gateway.tokens.expired if value == "expired" else value
    seen = gateway.ask(token_target(NAME), headers=basic(presented))
    assert seen.error == (403, "DENIED", "denied")
    assert seen.headers["WWW-Authenticate"] is None


@pytest.mark.parametrize("header", ["Basic ???", "Basic", "Bearer x", "nonsense"])
def test_an_unreadable_credential_is_denied_at_the_token_endpoint(gateway: LoopbackGateway, header: str) -> None:
    assert gateway.ask(token_target(NAME), headers={"Authorization": header}).error == (403, "DENIED", "denied")


@pytest.mark.parametrize("kind", ["good", "no_scope", "no_access", "fine_grained", "gh_oauth"])
def test_login_succeeds_with_every_credential_that_is_not_refused(gateway: LoopbackGateway, kind: str) -> None:
    """`docker login` asks /token without a package: it proves neither scope nor access."""
    value = gateway.tokens.value_of(TokenKind(kind))
    seen = gateway.ask("/token?service=ghcr.io&account=lab&offline_token=true", headers=basic(value))
    assert seen.status == 200
    headers = {"Authorization": f"Bearer {json.loads(seen.body)['token']}"}
    assert gateway.ask("/v2/", headers=headers).status == 200


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no_scope", NO_SCOPE),
        ("fine_grained", NO_SCOPE),
        ("gh_oauth", NO_SCOPE),
        ("no_access", "permission_denied: read_package"),
    ],
)
def test_a_credential_without_the_right_is_denied_at_the_manifest(
    gateway: LoopbackGateway, kind: str, message: str
) -> None:
    headers = gateway.bearer(kind, NAME)
    assert gateway.ask(MANIFEST, headers=headers).error == (403, "DENIED", message)
    assert gateway.ask(f"/v2/{NAME}/manifests/absent", headers=headers).error == (403, "DENIED", message)


@pytest.mark.parametrize("kind", ["good", "writer"])
def test_a_valid_credential_reads_manifest_blob_and_tags(gateway: LoopbackGateway, kind: str) -> None:
    headers = gateway.bearer(kind, NAME)
    manifest = gateway.ask(MANIFEST, headers=headers)
    assert (manifest.status, manifest.headers["Content-Type"]) == (200, DOCKER_MANIFEST)
    digest = json.loads(manifest.body)["config"]["digest"]
    assert gateway.ask(f"/v2/{NAME}/blobs/{digest}", headers=headers).status == 200
    assert json.loads(gateway.ask(f"/v2/{NAME}/tags/list", headers=headers).body)["tags"] == [*TAGS, INDEXED]


def test_head_tells_digest_and_length_without_a_body(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    head = gateway.ask(MANIFEST, method="HEAD", headers=headers)
    whole = gateway.ask(MANIFEST, headers=headers)
    assert head.body == b""
    assert head.headers["Content-Length"] == str(len(whole.body))
    assert head.headers["Docker-Content-Digest"] == whole.headers["Docker-Content-Digest"]
    assert head.headers["Docker-Content-Digest"].startswith("sha256:")


def test_a_package_of_another_organisation_is_denied(gateway: LoopbackGateway) -> None:
    seen = gateway.ask("/v2/other/tool/manifests/1", headers=gateway.bearer("good", NAME))
    assert seen.error == (403, "DENIED", "permission_denied: read_package")


@pytest.mark.parametrize("path", ["manifests/1", "tags/list"])
def test_an_absent_package_is_named_unknown_to_a_valid_credential(gateway: LoopbackGateway, path: str) -> None:
    seen = gateway.ask(f"/v2/acme/absent/{path}", headers=gateway.bearer("good", "acme/absent"))
    assert seen.error == (404, "NAME_UNKNOWN", "repository name not known to registry")


@pytest.mark.parametrize("reference", ["20991231-000000", "sha256:" + "0" * 64])
def test_an_absent_tag_or_digest_is_manifest_unknown(gateway: LoopbackGateway, reference: str) -> None:
    seen = gateway.ask(f"/v2/{NAME}/manifests/{reference}", headers=gateway.bearer("good", NAME))
    assert seen.error == (404, "MANIFEST_UNKNOWN", "manifest unknown")


@pytest.mark.parametrize("accept", ["*/*", DOCKER_MANIFEST, OCI_MANIFEST])
def test_an_index_that_the_client_does_not_accept_is_manifest_unknown(gateway: LoopbackGateway, accept: str) -> None:
    headers = gateway.bearer("good", NAME) | {"Accept": accept}
    seen = gateway.ask(f"/v2/{NAME}/manifests/{INDEXED}", headers=headers)
    expected = "OCI index found, but Accept header does not support OCI indexes"
    assert seen.error == (404, "MANIFEST_UNKNOWN", expected)


def test_an_index_is_served_to_a_client_that_sends_one_accept_line_per_type(
    gateway: LoopbackGateway,
) -> None:
    """As the engines do: a gateway that keeps the last line only would hide the index."""
    authorization = gateway.bearer("good", NAME)["Authorization"]
    with closing(http.client.HTTPConnection(gateway.address, timeout=5)) as connection:
        connection.putrequest("GET", f"/v2/{NAME}/manifests/{INDEXED}")
        connection.putheader("Authorization", authorization)
        for media_type in (OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST):
            connection.putheader("Accept", media_type)
        connection.endheaders()
        response = connection.getresponse()
        assert (response.status, response.headers["Content-Type"]) == (200, OCI_INDEX)


def test_basic_straight_to_the_registry_is_an_invalid_token(gateway: LoopbackGateway) -> None:
    seen = gateway.ask(MANIFEST, headers=basic(gateway.tokens.good))
    assert seen.error == (403, "DENIED", "invalid token")
    assert seen.headers["WWW-Authenticate"] is None


@pytest.mark.parametrize("target", ["/v2/", MANIFEST])
def test_an_unusable_bearer_is_denied_without_a_challenge(gateway: LoopbackGateway, target: str) -> None:
    for value in ("unknown", gateway.tokens.good):
        seen = gateway.ask(target, headers={"Authorization": f"Bearer {value}"})
        assert seen.error == (403, "DENIED", "denied")
        assert seen.headers["WWW-Authenticate"] is None


@pytest.mark.parametrize("form", ["lab:{}", "{}"])
def test_a_credential_in_base64_is_accepted_as_bearer(gateway: LoopbackGateway, form: str) -> None:
    encoded = base64.b64encode(form.format(gateway.tokens.good).encode()).decode()
    headers = {"Authorization": f"Bearer {encoded}", "Accept": EVERY_TYPE}
    assert gateway.ask(MANIFEST, headers=headers).status == 200
    gateway.control.switch(revoke="good")
    assert gateway.ask(MANIFEST, headers=headers).error == (403, "DENIED", "denied")


def test_a_bearer_is_opaque_and_ends_after_300_seconds() -> None:
    tokens = LabTokens.generate()
    now = 1000.0
    access = Access(tokens=tokens, board=Switchboard(), has_repository=lambda _: True, clock=lambda: now)
    headers = tuple(basic(tokens.good).items())
    issued = access.token(Request(method="GET", target=token_target(NAME), client="127.0.0.1", headers=headers))
    value = json.loads(issued.body)["token"]
    assert tokens.good not in base64.urlsafe_b64decode(value).decode(errors="replace")
    request = Request(
        method="GET", target=MANIFEST, client="127.0.0.1", headers=(("Authorization", f"Bearer {value}"),)
    )
    now += BEARER_LIFE_S - 1
    assert access.refusal(request, realm="r", service="s") is None
    now += 1
    refusal = access.refusal(request, realm="r", service="s")
    assert refusal is not None
    assert refusal.status == 403


def test_posting_a_password_form_to_the_token_endpoint_is_405_and_harms_nothing(
    gateway: LoopbackGateway,
) -> None:
    """The containerd store does so first; a body left unread would be taken for the next request."""
    form = f"grant_type=password&username=lab&password={gateway.tokens.good}".encode()
    with closing(http.client.HTTPConnection(gateway.address, timeout=5)) as connection:
        connection.request("POST", "/token", form)
        response = connection.getresponse()
        assert response.status == 405
        assert gateway.tokens.good.encode() not in response.read()
        connection.request("GET", token_target(NAME), headers=basic(gateway.tokens.good))
        assert connection.getresponse().status == 200


def test_a_tls_hello_on_the_plain_port_is_answered_with_400(gateway: LoopbackGateway) -> None:
    """The containerd store tries TLS first and falls back on exactly that."""
    host, port = gateway.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x05hello")
        assert connection.recv(100).startswith(b"HTTP/1.0 400 Bad Request\r\n")


def test_what_is_not_http_is_refused_without_an_echo(gateway: LoopbackGateway) -> None:
    host, port = gateway.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"password={gateway.tokens.good}\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400")
    assert gateway.tokens.good.encode() not in answer


def test_other_paths_are_not_found(gateway: LoopbackGateway) -> None:
    assert gateway.ask("/").error == (404, "NOT_FOUND", "not found")
    assert gateway.ask("/v2/_catalog").error == (404, "NOT_FOUND", "not found")


# --- writing --------------------------------------------------------------------------------------------


def test_a_writer_uploads_through_the_gateway_alone(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("writer", NAME)
    opened = gateway.ask(f"/v2/{NAME}/blobs/uploads/", method="POST", headers=headers)
    assert opened.status == 202
    location = opened.headers["Location"]
    assert location.startswith(f"/v2/{NAME}/blobs/uploads/")
    digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    joint = "&" if "?" in location else "?"
    target = f"{location}{joint}digest={digest}"
    assert gateway.ask(target, method="PUT", headers=headers, body=b"hello").status == 201
    assert gateway.ask(f"/v2/{NAME}/blobs/{digest}", headers=headers).body == b"hello"


def test_cancelling_an_upload_is_not_offered(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("writer", NAME)
    assert gateway.ask(f"/v2/{NAME}/blobs/uploads/1", method="DELETE", headers=headers).status == 405


@pytest.mark.parametrize(("kind", "message"), [("good", NO_SCOPE), ("no_access", "permission_denied: write_package")])
def test_an_upload_without_the_right_is_denied_with_its_body_read(
    gateway: LoopbackGateway, kind: str, message: str
) -> None:
    headers = gateway.bearer(kind, NAME)
    with closing(http.client.HTTPConnection(gateway.address, timeout=5)) as connection:
        connection.request("POST", f"/v2/{NAME}/blobs/uploads/", b"x" * 5000, headers)
        response = connection.getresponse()
        assert json.loads(response.read())["errors"][0]["message"] == message
        connection.request("GET", "/v2/")
        assert connection.getresponse().status == 401


def test_a_chunked_body_is_read_whole(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    with closing(http.client.HTTPConnection(gateway.address, timeout=5)) as connection:
        chunks = iter([b"x" * 300, b"y" * 200])
        connection.request("POST", f"/v2/{NAME}/blobs/uploads/", chunks, headers, encode_chunked=True)
        response = connection.getresponse()
        response.read()
        connection.request("GET", "/v2/")
        assert (response.status, connection.getresponse().status) == (403, 401)


# --- tags -----------------------------------------------------------------------------------------------


def test_tags_are_handed_out_in_pages_that_link_to_the_next(gateway: LoopbackGateway) -> None:
    headers = gateway.bearer("good", NAME)
    target = f"/v2/{NAME}/tags/list?n=2"
    pages = []
    for _ in range(4):
        seen = gateway.ask(target, headers=headers)
        pages.append(json.loads(seen.body)["tags"])
        link = seen.headers["Link"]
        if link is None:
            break
        target = link.partition("<")[2].partition(">")[0]
        assert link.endswith('; rel="next"')
    assert pages == [list(TAGS[:2]), [TAGS[2], INDEXED]]


def test_a_page_size_that_is_no_number_is_refused(gateway: LoopbackGateway) -> None:
    seen = gateway.ask(f"/v2/{NAME}/tags/list?n=-1", headers=gateway.bearer("good", NAME))
    assert seen.error[:2] == (400, "PAGINATION_NUMBER_INVALID")
