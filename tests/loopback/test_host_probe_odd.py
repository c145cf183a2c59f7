"""The probe on the host before a registry that says what no ordinary one would."""

import base64
import json
from pathlib import Path

import pytest

from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.registry.documents import OCI_INDEX
from ghcr_audit.registry.view import RegistryView
from tests.loopback.host_views import (
    NAME,
    SECRET,
    SINGLE,
    USER,
    seen_by_controller,
    seen_by_host,
    store,
)
from tests.loopback.scripted_registry import Answer as Scripted
from tests.loopback.scripted_registry import ScriptedRegistry

pytestmark = pytest.mark.loopback


@pytest.fixture(autouse=True)
def home(docker_home: Path) -> Path:
    return docker_home


def as_json(content: object, status: int = 200, *headers: tuple[str, str]) -> Scripted:
    return Scripted(
        status=status, headers=(("Content-Type", "application/json"), *headers), body=json.dumps(content).encode()
    )


Script = dict[str, Scripted]
"""The one answer of each route, however often it is asked."""


def both_views(scripted: ScriptedRegistry, home: Path, script: Script) -> list[RegistryView]:
    """What host and controller see of the same script; routes that only one of them asks are left out of the count."""
    store(home, scripted.host, SECRET)
    views = []
    for look in (seen_by_host, lambda registry: seen_by_controller(registry, SECRET)):
        scripted.script.clear()
        for route, one in script.items():
            scripted.on(route, *[one] * 6)
        views.append(look(scripted.host))
    scripted.script.clear()
    return views


MANIFEST = as_json(
    {"schemaVersion": 2, "manifests": [{"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}]}
)
UNKNOWN = as_json({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}, 404)


def routes(*, v2: Scripted, token: Scripted | None = None, **tags: Scripted) -> Script:
    script: Script = {"GET /v2/": v2} | ({} if token is None else {"GET /token": token})
    for method in ("GET", "HEAD"):
        script |= {f"{method} /v2/{NAME}/manifests/{SINGLE}": MANIFEST}
        script |= {f"{method} /v2/{NAME}/manifests/latest": UNKNOWN}
    return script | {f"GET /v2/{NAME}/tags/list": tags.get("tags", as_json({"name": NAME, "tags": [SINGLE]}))}


def bearer(scripted: ScriptedRegistry, realm: str = "/token") -> Scripted:
    value = f'Bearer realm="http://{scripted.host}{realm}",service="ghcr.io",scope="repository:user/image:pull"'
    return as_json(
        {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}, 401, ("WWW-Authenticate", value)
    )


TOKEN = as_json({"token": "lab-bearer-0123456789"})


def test_a_secret_with_quotes_and_backslashes_arrives_as_it_is(scripted: ScriptedRegistry, home: Path) -> None:
    views = both_views(scripted, home, routes(v2=bearer(scripted), token=TOKEN))
    basic = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
    assert [seen.authorization for seen in scripted.requests("GET /token")] == [basic, basic]
    assert views[0] == views[1]
    assert [str(one) for one in views[0].platforms_of(SINGLE)] == ["linux/arm/v7"]


def test_basic_authentication_goes_straight_to_the_registry(scripted: ScriptedRegistry, home: Path) -> None:
    v2 = as_json({}, 401, ("WWW-Authenticate", 'Basic realm="lab"'))
    views = both_views(scripted, home, routes(v2=v2))
    assert views[0] == views[1]
    assert views[0].published(SINGLE) is True


def test_an_open_registry_is_asked_without_the_credential(scripted: ScriptedRegistry, home: Path) -> None:
    views = both_views(scripted, home, routes(v2=as_json({})))
    assert views[0] == views[1]
    assert not any(seen.authorization for seen in scripted.seen)


@pytest.mark.parametrize(
    "v2",
    [
        as_json({"errors": [{"code": "DENIED", "message": "blocked"}]}, 403),
        as_json({}, 503),
        as_json({}, 404),
        as_json({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}, 429, ("Retry-After", "9")),
        as_json({}, 401),
        as_json({}, 401, ("WWW-Authenticate", "Negotiate")),
        Scripted(status=307, headers=(("Location", "http://127.0.0.1:9/v2/"),)),
    ],
)
def test_who_is_stopped_at_the_door_asks_nothing_further(scripted: ScriptedRegistry, home: Path, v2: Scripted) -> None:
    views = both_views(scripted, home, routes(v2=v2))
    assert views[0] == views[1]
    assert views[0].manifests == () and views[0].tags is None
    assert {seen.target for seen in scripted.seen} == {"/v2/"}


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "two words"}, [], {"access_token": "lab-other-0123"}])
def test_a_token_answer_is_read_alike(scripted: ScriptedRegistry, home: Path, body: object) -> None:
    views = both_views(scripted, home, routes(v2=bearer(scripted), token=as_json(body)))
    assert views[0] == views[1]


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"code": "DENIED", "message": "denied"}]},
        {"error": "invalid_grant", "error_description": "no"},
        {"details": "incorrect username or password"},
        {"errors": []},
    ],
)
def test_a_refusal_at_the_token_host_is_read_alike(scripted: ScriptedRegistry, home: Path, body: object) -> None:
    views = both_views(scripted, home, routes(v2=bearer(scripted), token=as_json(body, 401)))
    assert views[0] == views[1]
    assert views[0].token is not None and views[0].token.status == 401


@pytest.mark.parametrize(
    "realm",
    [
        "http://127.0.0.1:9/token",
        "http://{host}@127.0.0.1:9/token",
        "http://{host}.example.invalid/token",
        "https://{host}/token",
        "file:///etc/passwd",
    ],
)
def test_a_realm_that_only_looks_like_the_registrys_own_is_refused(
    scripted: ScriptedRegistry, home: Path, realm: str
) -> None:
    value = f'Bearer realm="{realm.format(host=scripted.host)}",service="ghcr.io"'
    store(home, scripted.host, SECRET)
    scripted.on("GET /v2/", as_json({}, 401, ("WWW-Authenticate", value)))
    seen = seen_by_host(scripted.host)
    assert seen.token is not None and seen.token.realm_refused
    assert {one.target for one in scripted.seen} == {"/v2/"}


TAGS = f"/v2/{NAME}/tags/list"


@pytest.mark.parametrize(
    ("first", "second", "complete"),
    [
        (f'<{TAGS}?n=1000&last=a>; rel="next"', as_json({"tags": ["b"]}), True),
        (f'<http://{{host}}{TAGS}?n=1000&last=a>; rel="next"', as_json({"tags": ["b"]}), True),
        (f'<{TAGS}?n=1000&last=a>; rel="next"', as_json({}, 403), False),
        (f'<{TAGS}?n=1000&last=a>; rel="next"', Scripted(body=b"<html>"), False),
        ('</v2/other/image/tags/list?last=a>; rel="next"', None, False),
        ('<http://127.0.0.1:9/v2/>; rel="next"', None, False),
    ],
)
def test_a_tag_list_of_several_pages_is_complete_only_when_read_to_its_end(
    scripted: ScriptedRegistry, home: Path, first: str, second: Scripted | None, complete: bool
) -> None:
    page = as_json({"tags": ["a"]}, 200, ("Link", first.format(host=scripted.host)))
    script = routes(v2=bearer(scripted), token=TOKEN, tags=page)
    if second is not None:
        script |= {f"GET {TAGS}?n=1000&last=a": second}
    views = both_views(scripted, home, script)
    assert views[0] == views[1]
    assert views[0].tags is not None and views[0].tags.complete is complete
    assert views[0].tags.tags == (("a", "b") if complete else ("a",))


@pytest.mark.parametrize(
    "body",
    [
        b'{"tags": null}',
        b'{"tags": []}',
        b'{"tags": "x"}',
        b'{"tags": ["fine", "not a tag"]}',
        b'{"name": "x"}',
        b'{"x": {"tags": ["a"]}}',
        b'{"tags": ["a", "b"',
        b"<html>sign in</html>",
        b"",
    ],
)
def test_an_odd_tag_list_never_proves_a_tag_absent(scripted: ScriptedRegistry, home: Path, body: bytes) -> None:
    views = both_views(scripted, home, routes(v2=bearer(scripted), token=TOKEN, tags=Scripted(body=body)))
    assert views[0] == views[1]


@pytest.mark.parametrize(
    "answer",
    [
        Scripted(body=b"<html>sign in</html>", headers=(("Content-Type", "text/html"),)),
        Scripted(body=MANIFEST.body, headers=(("Content-Type", OCI_INDEX),)),
        Scripted(body=MANIFEST.body, headers=(("Docker-Content-Digest", "sha256:" + "0" * 64),)),
        as_json({}, 404),
    ],
)
def test_an_odd_manifest_is_read_by_the_host_as_by_a_get_of_the_controller(
    scripted: ScriptedRegistry, home: Path, answer: Scripted
) -> None:
    store(home, scripted.host, SECRET)
    script = routes(v2=bearer(scripted), token=TOKEN) | {f"GET /v2/{NAME}/manifests/{SINGLE}": answer}
    for route, one in script.items():
        scripted.on(route, *[one] * 6)
    seen = seen_by_host(scripted.host).manifest(SINGLE)
    with RegistryClient(scripted.host, credential=Credential(user=USER, secret=Secret(SECRET))) as client:
        assert seen == client.fetch_manifest(NAME, SINGLE).answer
    scripted.script.clear()
