"""The registry client against a scripted registry: every answer becomes data, no credential goes astray."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.causes import Cause
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.errors import ConfigurationError, RegistryError
from ghcr_audit.registry.documents import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from ghcr_audit.registry.view import EndpointAnswer, ManifestAnswer, RegistryView, TagList, parse_view, render_view
from tests.loopback.scripted_registry import Answer, ScriptedRegistry, serve

pytestmark = pytest.mark.loopback

REPOSITORY = "acme/observer"
TAG = "20261118-094500"
OLD = "20261103-081500"
MANIFESTS = f"/v2/{REPOSITORY}/manifests"
BLOBS = f"/v2/{REPOSITORY}/blobs"
TAGS = f"/v2/{REPOSITORY}/tags/list"
TOKEN = "ghp_lab/Only+NeverARealToken0000000000"
USER = "acme-bot"
BEARER = "lab-bearer-not-a-jwt"
CREDENTIAL = Credential(user=USER, secret=Secret(TOKEN))
BASIC = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()


def as_json(content: object, status: int = 200, *headers: tuple[str, str]) -> Answer:
    kind = ("Content-Type", "application/json")
    return Answer(status=status, headers=(kind, *headers), body=json.dumps(content).encode())


def error(status: int, code: str, message: str) -> Answer:
    return as_json({"errors": [{"code": code, "message": message}]}, status)


def challenge(realm: str) -> Answer:
    value = f'Bearer realm="{realm}",service="ghcr.io",scope="repository:user/image:pull"'
    return as_json({"errors": []}, 401, ("WWW-Authenticate", value))


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def manifest(content: object, media_type: str = OCI_MANIFEST) -> Answer:
    body = json.dumps(content).encode()
    headers = (("Content-Type", media_type), ("Docker-Content-Digest", digest_of(body)))
    return Answer(headers=headers, body=body)


INDEX = manifest(
    {
        "mediaType": OCI_INDEX,
        "manifests": [
            {"platform": {"os": "linux", "architecture": "amd64"}},
            {"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": "sha256:none"},
        ],
    },
    OCI_INDEX,
)
CONFIG = json.dumps({"os": "linux", "architecture": "arm64", "variant": "v8"}).encode()
SINGLE = manifest({"config": {"digest": digest_of(CONFIG)}})
UNKNOWN = error(404, "MANIFEST_UNKNOWN", "manifest unknown")


@pytest.fixture
def registry() -> Iterator[ScriptedRegistry]:
    with serve() as scripted:
        yield scripted


def opened(registry: ScriptedRegistry) -> None:
    """Script challenge and token as ghcr.io gives them."""
    registry.on("GET /v2/", challenge(f"http://{registry.host}/token"))
    registry.on("GET /token", as_json({"token": BEARER}))


def ask(registry: ScriptedRegistry, reference: str = TAG) -> ManifestAnswer:
    with RegistryClient(registry.host, timeout_s=5, sleep=lambda _: None) as client:
        return client.manifest(REPOSITORY, reference)


def test_a_whole_view_is_seen_with_one_token_and_our_own_scope(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", INDEX)
    registry.on(f"HEAD {MANIFESTS}/latest", Answer(status=404))
    registry.on(f"GET {MANIFESTS}/latest", UNKNOWN)
    registry.on(f"GET {MANIFESTS}/{TAG}", INDEX)
    registry.on(f"GET {TAGS}", as_json({"name": REPOSITORY, "tags": [TAG, OLD]}))
    with RegistryClient(registry.host, credential=CREDENTIAL) as client:
        view = client.view(REPOSITORY, (TAG, "latest"), with_platforms=TAG)
    assert render_view(view) == (
        "challenge 401\n"
        "token 200\n"
        f"manifest {TAG} 200 {digest_of(INDEX.body)} {OCI_INDEX}\n"
        "manifest latest 404 - MANIFEST_UNKNOWN manifest unknown\n"
        f"platform {TAG} linux/amd64\n"
        f"platform {TAG} linux/arm64/v8\n"
        "tags 200 complete\n"
        f"tag {TAG}\n"
        f"tag {OLD}\n"
    )
    assert parse_view(render_view(view)) == view
    (token,) = registry.requests("GET /token")
    assert token.target == "/token?service=ghcr.io&scope=repository%3Aacme%2Fobserver%3Apull"
    assert token.authorization == BASIC
    assert registry.seen[0].authorization == ""
    behind = [seen for seen in registry.seen if REPOSITORY in seen.target and "/token" not in seen.target]
    assert {seen.authorization for seen in behind} == {f"Bearer {BEARER}"}


def test_every_kind_of_manifest_is_accepted(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", INDEX)
    assert ask(registry).readable
    (seen,) = registry.requests("HEAD")
    assert seen.accept.split(", ") == [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST]


def test_an_open_registry_is_asked_without_a_token(registry: ScriptedRegistry) -> None:
    registry.on("GET /v2/", as_json({}))
    registry.on(f"HEAD {MANIFESTS}/{TAG}", SINGLE)
    with RegistryClient(registry.host, credential=CREDENTIAL) as client:
        view = client.view(REPOSITORY, (TAG,), list_tags=False)
    assert (view.challenge, view.token) == (EndpointAnswer(status=200), None)
    assert view.published(TAG) is True
    assert not any(seen.authorization for seen in registry.seen)


def test_a_basic_challenge_is_answered_by_the_credential(registry: ScriptedRegistry) -> None:
    registry.on("GET /v2/", as_json({}, 401, ("WWW-Authenticate", 'Basic realm="lab"')))
    registry.on(f"HEAD {MANIFESTS}/{TAG}", SINGLE)
    with RegistryClient(registry.host, credential=CREDENTIAL) as client:
        assert client.manifest(REPOSITORY, TAG).readable
    assert registry.requests("HEAD")[0].authorization == BASIC


@pytest.mark.parametrize("wanted", ['Basic realm="lab"', "Negotiate", ""])
def test_a_challenge_that_cannot_be_met_is_the_answer(registry: ScriptedRegistry, wanted: str) -> None:
    registry.on("GET /v2/", as_json({"errors": [{"code": "UNAUTHORIZED"}]}, 401, ("WWW-Authenticate", wanted)))
    answer = ask(registry)
    assert (answer.status, answer.error_code, answer.refused) == (401, "UNAUTHORIZED", True)


def test_a_refused_token_is_the_answer_and_nothing_behind_it_is_asked(registry: ScriptedRegistry) -> None:
    registry.on("GET /v2/", challenge(f"http://{registry.host}/token"))
    registry.on("GET /token", error(403, "DENIED", "denied"))
    with RegistryClient(registry.host, credential=CREDENTIAL) as client:
        view = client.view(REPOSITORY, (TAG,), with_platforms=TAG)
        assert client.manifest(REPOSITORY, TAG).message == "denied"
        assert client.tags(REPOSITORY) == TagList(status=403, error_code="DENIED", message="denied")
    assert render_view(view) == "challenge 401\ntoken 403 DENIED denied\n"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"token": 7}', b'{"token": "a b"}', b"\xff", b"[" * 5000])
def test_a_token_answer_without_a_token_is_no_answer(registry: ScriptedRegistry, body: bytes) -> None:
    registry.on("GET /v2/", challenge(f"http://{registry.host}/token"))
    registry.on("GET /token", Answer(body=body))
    assert ask(registry) == ManifestAnswer(reference=TAG, failure=Cause.OTHER)


def test_a_token_larger_than_any_is_no_answer(registry: ScriptedRegistry) -> None:
    registry.on("GET /v2/", challenge(f"http://{registry.host}/token"))
    registry.on("GET /token", as_json({"token": "x", "padding": "y" * 70_000}))
    assert ask(registry).failure is Cause.OTHER


def test_a_token_may_be_called_access_token_and_is_renewed_before_it_runs_out(registry: ScriptedRegistry) -> None:
    now = [0.0]
    registry.on("GET /v2/", challenge(f"http://{registry.host}/token"))
    registry.on("GET /token", as_json({"access_token": "lab-first"}), as_json({"access_token": "lab-second"}))
    registry.on(f"HEAD {MANIFESTS}/{TAG}", INDEX, INDEX, INDEX)
    with RegistryClient(registry.host, clock=lambda: now[0]) as client:
        for now[0] in (0.0, 44.0, 46.0):
            client.manifest(REPOSITORY, TAG)
    sent = [seen.authorization for seen in registry.requests("HEAD")]
    assert sent == ["Bearer lab-first", "Bearer lab-first", "Bearer lab-second"]


def test_a_hostile_realm_gets_no_request_and_no_credential(registry: ScriptedRegistry) -> None:
    with serve() as hostile:
        registry.on("GET /v2/", challenge(f"http://{hostile.host}/token"))
        with RegistryClient(registry.host, credential=CREDENTIAL) as client:
            view = client.view(REPOSITORY, (TAG,))
            alone = client.manifest(REPOSITORY, TAG)
        assert hostile.seen == []
    assert render_view(view) == "challenge 401\ntoken - refused-realm\n"
    assert alone == ManifestAnswer(reference=TAG, failure=Cause.OTHER)


@pytest.mark.parametrize(
    "realm",
    [
        "https://token.example.invalid/token",
        "http://user:pw@{host}/token",
        "http://127.0.0.1/token",
        "http://{host}.example.invalid/token",
        "ftp://{host}/token",
        "//{host}/token",
        "/token",
        "http://[::1/token",
        "",
    ],
)
def test_a_realm_that_is_not_the_registrys_own_is_refused(registry: ScriptedRegistry, realm: str) -> None:
    registry.on("GET /v2/", challenge(realm.format(host=registry.host)))
    with RegistryClient(registry.host, credential=CREDENTIAL) as client:
        view = client.view(REPOSITORY, (TAG,))
    assert view.token is not None and view.token.realm_refused


def test_a_token_host_elsewhere_is_not_asked_over_plain_http(registry: ScriptedRegistry) -> None:
    registry.on("GET /v2/", challenge("http://tokens.example.invalid/token"))
    with RegistryClient(registry.host, credential=CREDENTIAL, token_host="tokens.example.invalid:80") as client:
        view = client.view(REPOSITORY, (TAG,))
    assert view.token is not None and view.token.realm_refused


def test_the_configured_token_host_is_asked(registry: ScriptedRegistry) -> None:
    with serve() as tokens:
        registry.on("GET /v2/", challenge(f"http://{tokens.host}/token"))
        tokens.on("GET /token", as_json({"token": BEARER}))
        registry.on(f"HEAD {MANIFESTS}/{TAG}", INDEX)
        with RegistryClient(registry.host, credential=CREDENTIAL, token_host=tokens.host) as client:
            assert client.manifest(REPOSITORY, TAG).readable
        assert tokens.seen[0].authorization == BASIC


@pytest.mark.parametrize("stage", ["/v2/", "/token", "manifest", "tags"])
def test_no_redirect_is_followed_where_a_credential_would_go(registry: ScriptedRegistry, stage: str) -> None:
    with serve() as hostile:
        away = Answer(status=307, headers=(("Location", f"http://{hostile.host}/elsewhere"),))
        first = away if stage == "/v2/" else challenge(f"http://{registry.host}/token")
        registry.on("GET /v2/", first)
        if stage != "/v2/":
            registry.on("GET /token", away if stage == "/token" else as_json({"token": BEARER}))
        if stage in ("manifest", "tags"):
            registry.on(f"HEAD {MANIFESTS}/{TAG}", away)
            registry.on(f"GET {MANIFESTS}/{TAG}", away)
            registry.on(f"GET {TAGS}", away)
        with RegistryClient(registry.host, credential=CREDENTIAL) as client:
            view = client.view(REPOSITORY, (TAG,))
        assert hostile.seen == []
    assert "307" in render_view(view)
    assert view.published(TAG) is None


def test_a_refused_head_is_explained_by_one_get(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer(status=403))
    registry.on(f"GET {MANIFESTS}/{TAG}", error(403, "DENIED", "permission_denied: read_package"))
    assert ask(registry) == ManifestAnswer(
        reference=TAG, status=403, error_code="DENIED", message="permission_denied: read_package"
    )


def test_a_head_keeps_its_status_when_the_get_fails(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer(status=403))
    registry.on(f"GET {MANIFESTS}/{TAG}", Answer(reset=True))
    assert ask(registry) == ManifestAnswer(reference=TAG, status=403)


def test_a_registry_without_head_is_read_by_get(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer(status=405))
    registry.on(f"GET {MANIFESTS}/{TAG}", INDEX)
    assert ask(registry).digest == digest_of(INDEX.body)


@pytest.mark.parametrize("announced", ["", "sha256:short", "md5:0"])
def test_a_digest_not_announced_is_computed(registry: ScriptedRegistry, announced: str) -> None:
    opened(registry)
    bare = Answer(headers=(("Docker-Content-Digest", announced), ("Content-Type", OCI_INDEX)), body=INDEX.body)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", bare)
    registry.on(f"GET {MANIFESTS}/{TAG}", bare)
    assert ask(registry) == ManifestAnswer(
        reference=TAG, status=200, digest=digest_of(INDEX.body), media_type=OCI_INDEX
    )


def test_a_body_that_has_not_its_digest_is_no_answer(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer())
    registry.on(f"GET {MANIFESTS}/{TAG}", Answer(headers=INDEX.headers, body=b'{"manifests": []}'))
    assert ask(registry) == ManifestAnswer(reference=TAG, failure=Cause.IMAGE_DIGEST_MISMATCH)


@pytest.mark.parametrize("announces", [True, False])
def test_another_image_than_the_digest_asked_for_is_no_answer(registry: ScriptedRegistry, announces: bool) -> None:
    opened(registry)
    asked = digest_of(b"another")
    other = INDEX if announces else Answer(body=INDEX.body)
    registry.on(f"HEAD {MANIFESTS}/{asked}", other)
    if not announces:
        registry.on(f"GET {MANIFESTS}/{asked}", other)
    assert ask(registry, asked) == ManifestAnswer(reference=asked, failure=Cause.IMAGE_DIGEST_MISMATCH)


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b"{" + b" " * (4 * 1024 * 1024)])
def test_a_page_that_is_no_manifest_is_no_answer(registry: ScriptedRegistry, body: bytes) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer())
    registry.on(f"GET {MANIFESTS}/{TAG}", Answer(body=body))
    assert ask(registry) == ManifestAnswer(reference=TAG, failure=Cause.OTHER)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"<html>\n<b>blocked</b>", None, "<html> <b>blocked</b>"),
        (b'{"errors": []}', None, ""),
        (b'{"errors": [7]}', None, ""),
        (b'{"error": "invalid_grant", "error_description": "no"}', "invalid_grant", "no"),
        (b'{"details": "incorrect"}', None, "incorrect"),
        (b'{"errors": [{"code": "a b", "message": 7}]}', None, ""),
        (b'{"errors": [{"code": "DENIED", "message": "\\ud800\\u001b[31m"}]}', "DENIED", "[31m"),
        (b"[" * 60_000, None, "[" * 300),
        (b"\xff\x00", None, "\ufffd"),
    ],
)
def test_any_error_body_gives_a_clean_reason(
    registry: ScriptedRegistry, body: bytes, code: str | None, message: str
) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer(status=403))
    registry.on(f"GET {MANIFESTS}/{TAG}", Answer(status=403, body=body))
    answer = ask(registry)
    assert (answer.status, answer.error_code, answer.message) == (403, code, message)


ECHOES = {
    "raw": TOKEN,
    "pair": f"{USER}:{TOKEN}",
    "base64 of the pair": base64.b64encode(f"{USER}:{TOKEN}".encode()).decode(),
    "base64 of the token": base64.b64encode(TOKEN.encode()).decode(),
    "unpadded base64": base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("="),
    "base64 inside more": base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode(),
    "base64 inside more, shifted by one": base64.b64encode(f"git:{TOKEN}!".encode()).decode(),
    "base64 inside more, shifted by two": base64.b64encode(f"a:{TOKEN}!".encode()).decode(),
    "quoted": quote(TOKEN, safe=""),
    "quoted in lower case": quote(TOKEN, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "bearer": BEARER,
}


@pytest.mark.parametrize("form", ECHOES)
def test_an_echoed_credential_comes_out_hidden(registry: ScriptedRegistry, form: str) -> None:
    echo = ECHOES[form]
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer(status=403))
    registry.on(f"GET {MANIFESTS}/{TAG}", error(403, echo, f"{'x' * 285} {echo}"))
    registry.on(f"GET {TAGS}", error(403, "DENIED", f"you sent {echo}!"))
    with RegistryClient(registry.host, credential=CREDENTIAL) as client:
        text = render_view(client.view(REPOSITORY, (TAG,)))
    assert "[hidden]" in text
    first = 20 if "inside more" in form else 0  # before it stands what is not of the token
    assert not any(echo[start : start + 12] in text for start in range(first, len(echo) - 12))


def test_an_echo_as_tag_media_type_or_platform_is_left_out(registry: ScriptedRegistry) -> None:
    plain = Credential(user=USER, secret=Secret("ghp_labOnlyNeverARealToken0000000000"))
    token = plain.secret.get_secret_value()
    opened(registry)
    media = Answer(headers=(("Content-Type", f"text/{token}"), INDEX.headers[1]), body=INDEX.body)
    hostile = manifest({"manifests": [{"platform": {"os": "linux", "architecture": token}}]})
    registry.on(f"HEAD {MANIFESTS}/{TAG}", media)
    registry.on(f"GET {MANIFESTS}/{TAG}", hostile)
    registry.on(f"GET {TAGS}", as_json({"tags": [TAG, token]}))
    with RegistryClient(registry.host, credential=plain) as client:
        view = client.view(REPOSITORY, (TAG,), with_platforms=TAG)
    assert token not in render_view(view)
    assert view.tags == TagList(status=200, complete=False, tags=(TAG,))


def test_an_index_names_its_platforms_without_attestations(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"GET {MANIFESTS}/{TAG}", INDEX)
    with RegistryClient(registry.host) as client:
        assert [str(one) for one in client.platforms(REPOSITORY, TAG)] == ["linux/amd64", "linux/arm64/v8"]


def test_a_single_manifests_platform_is_its_configs(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"GET {MANIFESTS}/{TAG}", SINGLE)
    registry.on(f"GET {BLOBS}/{digest_of(CONFIG)}", Answer(body=CONFIG))
    with RegistryClient(registry.host) as client:
        assert [str(one) for one in client.platforms(REPOSITORY, TAG)] == ["linux/arm64/v8"]


def test_a_blob_store_gets_no_credential_and_leads_no_further(registry: ScriptedRegistry) -> None:
    with serve() as store:
        opened(registry)
        registry.on(f"GET {MANIFESTS}/{TAG}", SINGLE, SINGLE)
        away = Answer(status=307, headers=(("Location", f"http://{store.host}/blob?sig=1"),))
        registry.on(f"GET {BLOBS}/{digest_of(CONFIG)}", away, away)
        store.on("GET /blob", Answer(body=CONFIG), away)
        with RegistryClient(registry.host, credential=CREDENTIAL) as client:
            assert [str(one) for one in client.platforms(REPOSITORY, TAG)] == ["linux/arm64/v8"]
            with pytest.raises(RegistryError, match="not readable"):
                client.platforms(REPOSITORY, TAG)
        assert [seen.authorization for seen in store.seen] == ["", ""]


@pytest.mark.parametrize("place", ["http://blobs.example.invalid/x", "ftp://127.0.0.1/x", "http://[::1", ""])
def test_a_blob_redirect_to_plain_http_elsewhere_is_not_followed(registry: ScriptedRegistry, place: str) -> None:
    opened(registry)
    registry.on(f"GET {MANIFESTS}/{TAG}", SINGLE)
    blob = f"GET {BLOBS}/{digest_of(CONFIG)}"
    registry.on(blob, Answer(status=307, headers=(("Location", place),)))
    if not place:  # leads back to itself: asked once more, without the credential, and no further
        registry.on(blob, Answer(status=307, headers=(("Location", place),)))
    with RegistryClient(registry.host) as client, pytest.raises(RegistryError, match="not readable"):
        client.platforms(REPOSITORY, TAG)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Answer(body=CONFIG + b" "), Cause.IMAGE_DIGEST_MISMATCH),
        (Answer(body=CONFIG + b" " * 1024 * 1024), Cause.OTHER),
        (Answer(status=404), Cause.OTHER),
    ],
)
def test_a_config_that_is_not_the_one_named_gives_no_platform(
    registry: ScriptedRegistry, answer: Answer, cause: Cause
) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", SINGLE)
    registry.on(f"GET {MANIFESTS}/{TAG}", SINGLE, SINGLE)
    registry.on(f"GET {BLOBS}/{digest_of(CONFIG)}", answer, answer)
    with RegistryClient(registry.host) as client:
        with pytest.raises(RegistryError, match="not readable") as raised:
            client.platforms(REPOSITORY, TAG)
        assert raised.value.cause is cause
        view = client.view(REPOSITORY, (TAG,), list_tags=False, with_platforms=TAG)
    assert view.published(TAG) is True
    assert view.platforms == ()


def test_the_platforms_of_an_image_that_is_refused_are_not_asked_for(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer(status=404))
    registry.on(f"GET {MANIFESTS}/{TAG}", UNKNOWN)
    with RegistryClient(registry.host) as client:
        assert client.view(REPOSITORY, (TAG,), list_tags=False, with_platforms=TAG).platforms == ()


def listing(registry: ScriptedRegistry) -> TagList:
    with RegistryClient(registry.host, timeout_s=5, sleep=lambda _: None) as client:
        return client.tags(REPOSITORY)


def page(tags: list[object], link: str = "") -> Answer:
    return as_json({"tags": tags}, 200, *((("Link", link),) if link else ()))


def test_a_tag_list_is_read_to_its_last_page(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"GET {TAGS}?n=1000", page(["a", "b"], f'<{TAGS}?n=1000&last=b>; rel="next"'))
    registry.on(
        f"GET {TAGS}?n=1000&last=b", page(["b", "c"], f'<http://{registry.host}{TAGS}?n=1000&last=c>; rel="next"')
    )
    registry.on(f"GET {TAGS}?n=1000&last=c", page(["d"]))
    assert listing(registry) == TagList(status=200, complete=True, tags=("a", "b", "c", "d"))


@pytest.mark.parametrize(
    "link",
    [
        "<https://tags.example.invalid/v2/acme/observer/tags/list?last=b>; rel=next",
        "</v2/acme/secret/tags/list?last=b>; rel=next",
        f"<{TAGS}?n=1000>; rel=next",
        "<http://[::1>; rel=next",
    ],
)
def test_a_link_elsewhere_or_in_a_circle_is_not_followed(registry: ScriptedRegistry, link: str) -> None:
    opened(registry)
    registry.on(f"GET {TAGS}?n=1000", page(["a", "b"], link))
    assert listing(registry) == TagList(status=200, complete=False, tags=("a", "b"))


def test_another_host_is_not_asked_for_the_next_page(registry: ScriptedRegistry) -> None:
    with serve() as hostile:
        opened(registry)
        registry.on(f"GET {TAGS}", page(["a"], f"<http://{hostile.host}{TAGS}?last=a>; rel=next"))
        assert listing(registry) == TagList(status=200, complete=False, tags=("a",))
        assert hostile.seen == []


def test_an_endless_tag_list_is_cut_after_twenty_pages(registry: ScriptedRegistry) -> None:
    opened(registry)
    pages = [page([f"t{n}"], f"<{TAGS}?n=1000&last=t{n}>; rel=next") for n in range(20)]
    registry.on(f"GET {TAGS}", *pages)
    found = listing(registry)
    assert (len(found.tags), found.complete) == (20, False)


def test_more_tags_than_are_kept_make_a_partial_list(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"GET {TAGS}", page([f"t{n}" for n in range(10_001)]))
    found = listing(registry)
    assert (len(found.tags), found.complete) == (10_000, False)


@pytest.mark.parametrize("broken", [Answer(status=500), Answer(reset=True)])
def test_a_list_that_breaks_off_keeps_what_was_read(registry: ScriptedRegistry, broken: Answer) -> None:
    opened(registry)
    registry.on(f"GET {TAGS}?n=1000", page(["a"], f"<{TAGS}?last=a>; rel=next"))
    registry.on(f"GET {TAGS}?last=a", broken, broken, broken)
    assert listing(registry) == TagList(status=200, complete=False, tags=("a",))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (as_json({"tags": None}), TagList(status=200, complete=True)),
        (as_json({"tags": ["a", 7, "-b"]}), TagList(status=200, complete=False, tags=("a",))),
        (as_json({"tags": "a"}), TagList(failure=Cause.OTHER)),
        (as_json({}), TagList(failure=Cause.OTHER)),
        (Answer(body=b"<html>"), TagList(failure=Cause.OTHER)),
        (Answer(body=b" " * 1024 * 1024 + b"{}"), TagList(failure=Cause.OTHER)),
        (error(404, "NAME_UNKNOWN", "no"), TagList(status=404, error_code="NAME_UNKNOWN", message="no")),
    ],
)
def test_the_first_page_may_be_anything(registry: ScriptedRegistry, answer: Answer, found: TagList) -> None:
    opened(registry)
    registry.on(f"GET {TAGS}", answer)
    assert listing(registry) == found


def test_a_temporary_failure_is_tried_three_times_with_short_waits(registry: ScriptedRegistry) -> None:
    waits: list[float] = []
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", Answer(status=503), Answer(reset=True), INDEX)
    with RegistryClient(registry.host, sleep=waits.append) as client:
        assert client.manifest(REPOSITORY, TAG).readable
    assert waits == [0.3, 0.9]


def test_a_limit_is_told_after_three_tries_and_one_reason(registry: ScriptedRegistry) -> None:
    waits: list[float] = []
    limited = Answer(status=429, headers=(("Retry-After", "2"),))
    opened(registry)
    registry.on(f"HEAD {MANIFESTS}/{TAG}", limited, limited, limited)
    registry.on(f"GET {MANIFESTS}/{TAG}", error(429, "TOOMANYREQUESTS", "slow down"))
    with RegistryClient(registry.host, sleep=waits.append) as client:
        answer = client.manifest(REPOSITORY, TAG)
    assert (answer.status, answer.failure, answer.message) == (429, Cause.RATE_LIMITED, "slow down")
    assert waits == [2.0, 2.0]


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [("6", []), ("Wed, 21 Oct 2099 07:28:00 GMT", []), ("Wed, 21 Oct 2015 07:28:00 GMT", [0.3]), ("soon", [0.3])],
)
def test_retry_after_is_waited_for_up_to_five_seconds(
    registry: ScriptedRegistry, retry_after: str, waits: list[float]
) -> None:
    slept: list[float] = []
    busy = Answer(status=503, headers=(("Retry-After", retry_after),))
    registry.on("GET /v2/", busy, *([as_json({})] if waits else []))
    with RegistryClient(registry.host, sleep=slept.append) as client:
        view = client.view(REPOSITORY, (), list_tags=False)
    assert slept == waits
    assert view.challenge == EndpointAnswer(status=200 if waits else 503)


def test_a_registry_at_fault_stops_the_view_at_the_challenge(registry: ScriptedRegistry) -> None:
    registry.on("GET /v2/", *[error(502, "UNKNOWN", "bad gateway")] * 3)
    with RegistryClient(registry.host, sleep=lambda _: None) as client:
        view = client.view(REPOSITORY, (TAG,))
    assert view == RegistryView(challenge=EndpointAnswer(status=502, error_code="UNKNOWN", message="bad gateway"))
    assert view.challenge is not None and view.challenge.failure is Cause.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(
    "slow",
    [Answer(pause_s=1.5), Answer(status=401, body=b"x" * 100, drip_s=0.1)],
    ids=["silence", "a drip that never stops"],
)
def test_a_slow_answer_ends_at_the_time_limit(registry: ScriptedRegistry, slow: Answer) -> None:
    registry.on("GET /v2/", slow)
    began = time.monotonic()
    with RegistryClient(registry.host, timeout_s=0.5) as client:
        view = client.view(REPOSITORY, (TAG,))
    assert time.monotonic() - began < 1.4
    assert view.challenge == EndpointAnswer(failure=Cause.NETWORK_UNREACHABLE_OR_TIMEOUT)


def test_a_body_that_breaks_off_is_asked_for_again(registry: ScriptedRegistry) -> None:
    opened(registry)
    registry.on(f"GET {MANIFESTS}/{TAG}", Answer(body=b"{", promised_bytes=100), INDEX)
    with RegistryClient(registry.host, sleep=lambda _: None) as client:
        assert client.fetch_manifest(REPOSITORY, TAG).body == INDEX.body


def test_a_closed_port_is_unreachable() -> None:
    with serve() as gone:
        host = gone.host
    with RegistryClient(host) as client:
        view = client.view(REPOSITORY, (TAG,))
    assert view.challenge == EndpointAnswer(failure=Cause.NETWORK_UNREACHABLE_OR_TIMEOUT)
    assert view.token is None


def test_an_image_that_is_no_name_is_refused_before_any_request(registry: ScriptedRegistry) -> None:
    with RegistryClient(registry.host) as client:
        for repository, reference in (("../etc", TAG), (REPOSITORY, "-rf"), (REPOSITORY, "a/../b")):
            with pytest.raises(ConfigurationError, match="not a"):
                client.view(repository, (reference,))
            with pytest.raises(ConfigurationError, match="not a"):
                client.manifest(repository, reference)
        with pytest.raises(ConfigurationError, match="not a repository"):
            client.tags("Acme Observer")
        with pytest.raises(ConfigurationError, match="too many references"):
            client.view(REPOSITORY, [f"t{n}" for n in range(201)])
    with pytest.raises(ConfigurationError, match="not a host"):
        RegistryClient("http://127.0.0.1")
