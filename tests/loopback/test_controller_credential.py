"""The controller's own credential: read from a file that is its owner's alone, sent to the registry and nobody else."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters import walk
from ghcr_audit.adapters.appear import look_again
from ghcr_audit.adapters.controller_credential import MAX_FILE_BYTES, observe_with_own, own_credential
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Link, Mode, Observation, Vantage
from ghcr_audit.registry.view import parse_view
from ghcr_audit.registry.views import CONTROLLER, CONTROLLER_CREDENTIAL, published
from ghcr_audit.targets import Target
from tests.loopback.scripted_registry import Answer, ScriptedRegistry, serve
from tests.loopback.test_registry_client import BEARER, INDEX, MANIFESTS, REPOSITORY, TAG, TAGS, UNKNOWN
from tests.loopback.test_registry_client import as_json as json_answer
from tests.loopback.test_registry_client import challenge as challenged
from tests.pure.audits import recorded

pytestmark = pytest.mark.loopback

TOKEN = "ghp_labControllersOwn0000000000000000000"
USER = "lab-reader"
BASIC = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()


@pytest.fixture
def registry() -> Iterator[ScriptedRegistry]:
    with serve() as scripted:
        yield scripted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "read.token", f"{TOKEN}\n")


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def target_of(registry: str, file: Path | str, **keys: str) -> Target:
    keys = {"controller_credential_file": str(file), "controller_user": USER, **keys}
    return Target.model_validate(
        {"name": "shop", "image": f"{registry}/{REPOSITORY}", "registry_user": "lab", "container": "observer", **keys}
    )


def asked(target: Target) -> Observation:
    found = observe_with_own(target, (TAG, "latest"))
    assert len(found) == 1
    return found[0]


def why_not(target: Target) -> str:
    """Why nothing was asked."""
    found = asked(target)
    assert (found.failure, found.stdout, found.key) == (Cause.OTHER, "", CONTROLLER_CREDENTIAL)
    return found.failure_text.partition("\n")[0]


def serving(registry: ScriptedRegistry, realm: str) -> None:
    """A registry with TAG alone, once, for somebody with a token from this realm."""
    registry.on("GET /v2/", challenged(f"http://{realm}/token"))
    registry.on(f"HEAD {MANIFESTS}/{TAG}", INDEX)
    registry.on(f"GET {MANIFESTS}/{TAG}", INDEX)
    registry.on(f"HEAD {MANIFESTS}/latest", Answer(status=404))
    registry.on(f"GET {MANIFESTS}/latest", UNKNOWN)
    registry.on(f"GET {TAGS}", json_answer({"tags": [TAG]}))


# --- what it is used for ------------------------------------------------------------------------------------------


def test_it_reads_manifests_and_tags_and_shows_nowhere(registry: ScriptedRegistry, file: Path) -> None:
    serving(registry, registry.host)
    registry.on("GET /token", json_answer({"token": BEARER}))
    found = asked(target_of(registry.host, file))
    assert (found.vantage, found.link, found.failure) == (Vantage.CONTROLLER_CREDENTIAL, Link.PREFLIGHT, None)
    view = parse_view(found.stdout)
    assert (view.published(TAG), view.published("20200101-000000")) == (True, False)
    assert [seen.authorization for seen in registry.requests("GET /token")] == [BASIC]
    assert {seen.method for seen in registry.seen} == {"GET", "HEAD"}
    assert all(secret not in found.model_dump_json() for secret in (TOKEN, BASIC[6:], BEARER))


def test_what_the_registry_echoes_of_it_is_hidden(registry: ScriptedRegistry, file: Path) -> None:
    registry.on("GET /v2/", challenged(f"http://{registry.host}/token"))
    echo = {"errors": [{"code": "DENIED", "message": f"no {TOKEN} {BASIC[6:]}"}]}
    registry.on("GET /token", json_answer(echo, 403))
    found = asked(target_of(registry.host, file))
    assert "token 403 DENIED no" in found.stdout
    assert TOKEN not in found.stdout and BASIC[6:] not in found.stdout


def test_a_target_without_it_asks_nothing(registry: ScriptedRegistry) -> None:
    target = target_of(registry.host, "/nowhere").model_copy(update={"controller_credential_file": None})
    assert observe_with_own(target, (TAG,)) == ()


def test_without_a_user_of_its_own_it_is_the_registry_users(registry: ScriptedRegistry, file: Path) -> None:
    target = target_of(registry.host, file).model_copy(update={"controller_user": None})
    registry.on("GET /v2/", challenged(f"http://{registry.host}/token"))
    registry.on("GET /token", json_answer({"errors": []}, 401))
    asked(target)
    sent = registry.requests("GET /token")[0].authorization.removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == f"lab:{TOKEN}"


# --- where it is sent ---------------------------------------------------------------------------------------------


def test_nothing_is_sent_to_a_token_host_that_the_registry_names(registry: ScriptedRegistry, file: Path) -> None:
    with serve() as hostile:
        registry.on("GET /v2/", challenged(f"http://{hostile.host}/token"))
        found = asked(target_of(registry.host, file))
        assert hostile.seen == []
    assert found.stdout == "challenge 401\ntoken - refused-realm\n"


def test_the_token_host_of_the_target_gets_it(registry: ScriptedRegistry, file: Path) -> None:
    with serve() as tokens:
        serving(registry, tokens.host)
        tokens.on("GET /token", json_answer({"token": BEARER}))
        asked(target_of(registry.host, file, token_host=tokens.host))
        assert [seen.authorization for seen in tokens.seen] == [BASIC]
    assert BASIC not in {seen.authorization for seen in registry.seen}


@pytest.mark.parametrize("stage", ["/v2/", "/token"])
def test_no_redirect_is_followed_with_it(registry: ScriptedRegistry, file: Path, stage: str) -> None:
    with serve() as hostile:
        away = Answer(status=307, headers=(("Location", f"http://{hostile.host}/token"),))
        registry.on("GET /v2/", away if stage == "/v2/" else challenged(f"http://{registry.host}/token"))
        if stage == "/token":
            registry.on("GET /token", away)
        found = asked(target_of(registry.host, file))
        assert hostile.seen == []
    assert "307" in found.stdout and parse_view(found.stdout).published(TAG) is None


# --- the file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601, 0o660, 0o666])
def test_a_file_that_others_may_use_is_refused_by_name(registry: ScriptedRegistry, file: Path, mode: int) -> None:
    file.chmod(mode)
    assert why_not(target_of(registry.host, file)) == f"{file}: others may read it (mode {mode:o}, expected 600)"
    assert registry.seen == []


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_the_owners_alone_is_read(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert own_credential(str(file), USER).secret.get_secret_value() == TOKEN


def test_what_a_link_leads_to_is_what_counts(tmp_path: Path, file: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert own_credential(str(link), USER).secret.get_secret_value() == TOKEN
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"link: others may read it \(mode 644"):
        own_credential(str(link), USER)


def test_the_home_folder_may_be_written_short(home: Path, registry: ScriptedRegistry) -> None:
    written(home / "read.token", f"{TOKEN}\n")
    assert own_credential("~/read.token", USER).secret.get_secret_value() == TOKEN
    target = target_of(registry.host, "~nobody-of-this-name/read.token")
    assert why_not(target).endswith("read the controller's own credential: its home folder is not known")


def test_a_missing_file_is_a_reason_and_not_an_end(registry: ScriptedRegistry, tmp_path: Path) -> None:
    path = tmp_path / "gone.token"
    target = target_of(registry.host, path)
    assert why_not(target) == f"{path}: read the controller's own credential: No such file or directory"
    registry.on("GET /v2/", Answer(status=404))
    audit = Audit(target=target, tag=TAG, mode=Mode.OBSERVE, run="lab", started_at=recorded("healthy").started_at)
    audit = walk.outside(audit)
    assert [one.key for one in audit.observations] == [CONTROLLER, CONTROLLER_CREDENTIAL]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no token in its first line"),
        ("\n" + TOKEN, "holds no token in its first line"),
        (f"user {TOKEN}\n", "holds no token in its first line"),
        (f"{TOKEN}\u00e9\n", "holds no token in its first line"),
        (f"{TOKEN}\0\n", "holds no token in its first line"),
        ("lab\n", "holds no token (expected at least 6 characters)"),
        (
            "x" * (MAX_FILE_BYTES + 1),
            f"is too long (got {MAX_FILE_BYTES + 1} bytes, expected at most {MAX_FILE_BYTES})",
        ),
    ],
)
def test_what_holds_no_token_is_not_sent_and_not_shown(
    registry: ScriptedRegistry, tmp_path: Path, text: str, why: str
) -> None:
    told = why_not(target_of(registry.host, written(tmp_path / "odd.token", text)))
    assert told.startswith(f"{tmp_path / 'odd.token'}: {why}")
    assert TOKEN not in told and registry.seen == []


@pytest.mark.parametrize("text", [TOKEN, f"{TOKEN}\r\n", f"{TOKEN}\nand what else is noted here\n"])
def test_the_first_line_is_the_token(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "read.token", text)
    assert own_credential(str(path), USER).secret.get_secret_value() == TOKEN


def test_a_pipe_or_a_folder_in_its_place_keeps_nobody_waiting(registry: ScriptedRegistry, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):
        assert "expected a regular file" in why_not(target_of(registry.host, tmp_path / name))


# --- while a tag is waited for ------------------------------------------------------------------------------------


def test_waiting_for_a_tag_asks_it_anew_each_time(registry: ScriptedRegistry, file: Path) -> None:
    """What it saw at first would otherwise hide the tag for as long as the run waits; the host is asked only then."""
    for _ in range(2):
        registry.on("GET /v2/", challenged(f"http://{registry.host}/token"))
        registry.on("GET /v2/", challenged(f"http://{registry.host}/token"))
        registry.on("GET /token", json_answer({"errors": []}, 401), json_answer({"token": BEARER}))
        for reference in (TAG, "latest"):
            registry.on(f"HEAD {MANIFESTS}/{reference}", Answer(status=404))
            registry.on(f"GET {MANIFESTS}/{reference}", UNKNOWN)
        registry.on(f"GET {TAGS}", json_answer({"tags": []}))
    target = target_of(registry.host, file)
    audit = Audit(target=target, tag=TAG, mode=Mode.PULL, run="lab", started_at=recorded("healthy").started_at)
    audit = look_again(look_again(audit))
    assert published(audit, TAG) == (False, (CONTROLLER_CREDENTIAL,))
    assert [one.key for one in audit.observations] == [CONTROLLER, CONTROLLER_CREDENTIAL] * 2
