"""The probe that runs on the host: it sees of a registry what the controller's client sees with the same credential."""

import base64
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.causes import Cause
from ghcr_audit.commands import Answer
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.questions import credential_question, registry_question
from ghcr_audit.registry_documents import OCI_INDEX
from ghcr_audit.registry_view import EndpointAnswer, RegistryView, TagList, parse_view
from ghcr_audit.targets import HostAccess, Target
from lab.images import publish_release
from lab.loopback import LoopbackGateway, loopback_gateway, loopback_registry
from lab.tokens import TokenKind
from tests.loopback.scripted_registry import Answer as Scripted
from tests.loopback.scripted_registry import ScriptedRegistry, serve

pytestmark = pytest.mark.loopback

NAME = "acme/observer"
SINGLE = "20260119-101500"
INDEXED = "20260121-000000"
ABSENT = "20260122-120000"
USER = "acme-bot"
SECRET = 'ghp_lab"Quoted\\Secret/+=000000000000'


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    busybox = tmp_path_factory.mktemp("program") / "busybox"
    busybox.write_bytes(bytes(range(256)) * 200)
    with loopback_registry() as address:
        publish_release(address, NAME, SINGLE, busybox=busybox)
        publish_release(address, NAME, INDEXED, busybox=busybox, as_index=True)
        yield address


@pytest.fixture
def gateway(upstream: str, tmp_path: Path) -> Iterator[LoopbackGateway]:
    with loopback_gateway(tmp_path, upstream=upstream) as running:
        yield running


@pytest.fixture
def scripted() -> Iterator[ScriptedRegistry]:
    with serve() as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, with a docker that knows no container."""
    folder = tmp_path / "home"
    (folder / "bin").mkdir(parents=True)
    program(folder, "docker", "exit 1")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return folder


def program(home: Path, name: str, text: str) -> None:
    path = home / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def store(folder: Path, registry: str, token: str, **others: object) -> Path:
    """What `docker login` writes."""
    pair = base64.b64encode(f"{USER}:{token}".encode()).decode()
    return write_config(folder, json.dumps({"auths": {registry: {"auth": pair}}} | others, indent="\t"))


def write_config(folder: Path, text: str) -> Path:
    path = folder / ".docker/config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def target_of(registry: str, **access: tuple[str, ...]) -> Target:
    host = HostAccess.model_validate(access)
    return Target(name="shop", image=f"{registry}/{NAME}", registry_user=USER, container="observer", host=host)


def ask(target: Target, tag: str = SINGLE, *, anonymous: bool = False) -> Answer:
    host: Host = LocalHost(target.image_ref.registry, target.host.sudo)
    question = registry_question(target, tag, anonymous=anonymous)
    answer = host.run([question])[question.key]
    assert answer.stderr == ""
    return answer


def seen_by_host(registry: str, tag: str = SINGLE, *, anonymous: bool = False) -> RegistryView:
    return parse_view(ask(target_of(registry), tag, anonymous=anonymous).stdout)


def seen_by_controller(registry: str, token: str | None, tag: str = SINGLE) -> RegistryView:
    credential = None if token is None else Credential(user=USER, secret=Secret(token))
    with RegistryClient(registry, credential=credential, sleep=lambda _: None) as client:
        return client.view(NAME, (tag, "latest"), with_platforms=tag)


def without_hidden(view: RegistryView) -> RegistryView:
    """The view without messages: their wording is not compared."""
    endpoint = (view.challenge, view.token)
    challenge, token = (None if answer is None else replace(answer, message="") for answer in endpoint)
    manifests = tuple(replace(answer, message="") for answer in view.manifests)
    tags = None if view.tags is None else replace(view.tags, message="")
    return replace(view, challenge=challenge, token=token, manifests=manifests, tags=tags)


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


# --- a registry that says what no ordinary one would -------------------------------------------------------------


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


# --- what the host's docker has stored -----------------------------------------------------------------------------


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
        (entry({"auth": PAIR})[:-2], ["state damaged", "source auths", "user acme-bot", "kind ghp_"]),
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


def test_no_config_is_absent_and_an_unreadable_one_unreadable(home: Path) -> None:
    assert stored() == ["state absent", "source none"]
    (home / ".docker").mkdir()
    (home / ".docker/config.json").symlink_to("config.json")
    assert stored()[0] in ("state absent", "state unreadable")


def test_under_sudo_the_other_users_login_is_looked_at(home: Path, gateway: LoopbackGateway) -> None:
    """Incident of many hosts: the login is the deploy user's, and docker runs as root."""
    root = home / "root"
    root.mkdir()
    program(home, "sudo", f'[ "$1" = -n ] || exit 1; shift; HOME={root} exec "$@"')
    store(home, gateway.address, gateway.tokens.good)
    words = ("sudo", "-n", "docker")
    assert stored(gateway.address, docker_command=words) == ["state absent", "source none"]
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
