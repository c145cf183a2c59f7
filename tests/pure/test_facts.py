"""Parsers of command outputs: what real hosts said is read, and any other text is a value or None."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Observation
from tests.pure.audits import answer, recorded

pytestmark = pytest.mark.pure

HEALTHY = recorded("healthy")
NAME = "ghcr.io/acme/observer"
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64

PARSERS: tuple[Callable[[Observation | None], object], ...] = (
    facts.engine,
    facts.container,
    facts.local_image,
    facts.stored_credential,
    facts.git_tags,
    facts.free_space,
    facts.clock_offset_s,
    facts.http_health,
    facts.pulled_digest,
    facts.json_object,
    facts.json_lines,
)


def said(stdout: str, *, exit_code: int | None = 0, audit: Audit = HEALTHY) -> Observation:
    return answer("any", stdout, like=audit, exit_code=exit_code)


def image(*digests: str) -> facts.LocalImage:
    return facts.LocalImage(id=DIGEST, tags=(), repo_digests=digests, os="linux", architecture="amd64")


def test_a_running_engine_tells_both_versions_and_its_platform() -> None:
    engine = facts.engine(HEALTHY.newest("host.docker_version"))
    assert engine is not None
    assert engine.client and engine.server and engine.api
    assert engine.os == "linux"


def test_a_stopped_engine_leaves_the_clients_word() -> None:
    engine = facts.engine(recorded("engine-stopped").newest("host.docker_version"))
    assert engine is not None
    assert (engine.client is not None, engine.server, engine.os) == (True, None, None)


def test_a_container_tells_what_it_was_started_from_and_how_it_is() -> None:
    container = facts.container(HEALTHY.newest("host.container"))
    assert container is not None
    assert (container.name, container.status, container.health, container.restarts) == (
        "observer",
        "running",
        "healthy",
        0,
    )
    assert container.image_text == HEALTHY.image
    assert container.started_at.startswith("20")


def test_an_absent_container_is_none() -> None:
    assert facts.container(recorded("container-absent").newest("host.container")) is None


@pytest.mark.parametrize("name", ["healthy", "healthy-classic"])
def test_the_image_on_the_host_is_known_by_its_digests_on_either_store(name: str) -> None:
    audit = recorded(name)
    found = facts.local_image(audit.newest("host.image_before"))
    assert found is not None
    assert len(found.digests_of(audit.target.image_ref.name)) == 1
    assert found.platform.startswith("linux/")
    assert (found.id == found.digests_of(audit.target.image_ref.name)[0]) is (name == "healthy")


def test_digests_of_other_repositories_do_not_count_and_repeated_ones_once() -> None:
    found = image(
        f"{NAME}@{DIGEST}", f"{NAME}@{DIGEST}", f"ghcr.io/acme/other@{OTHER}", f"{NAME}@md5:0", "<none>@<none>"
    )
    assert found.digests_of(NAME) == (DIGEST,)
    assert image().digests_of(NAME) == ()


@pytest.mark.parametrize(
    ("name", "there", "told"),
    [
        ("healthy", True, "user lab, ghp_… token, from auths of "),
        ("incidents-5-6", True, "user lab, gho_… token, from auths of "),
        ("credential-fine-grained", True, "user lab, github_pat_… token, from auths of "),
        ("credential-missing", False, "no credential ("),
    ],
)
def test_a_stored_credential_is_told_by_kind_and_place_only(name: str, there: bool, told: str) -> None:
    stored = facts.stored_credential(recorded(name).newest("host.credential"))
    assert stored is not None
    assert (stored.there, stored.told.startswith(told)) == (there, True)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("state present\nsource none", "no credential (C holds none)"),
        ("state absent\nsource none", "no credential (C is absent)"),
        ("state unreadable\nsource none", "C is unreadable"),
        ("state present\nsource helper-missing:pass", "C names the credential helper pass: there is no such program"),
        ("state present\nsource helper-failed:pass", "C names the credential helper pass: it failed"),
        ("state present\nsource helper-name-invalid", "C names the credential helper ?: that is no program's name"),
        ("state present\nsource identitytoken", "an identity token in C, which is not looked into"),
        (
            "state present\nsource helper:pass\nuser u\nkind other",
            "user u, a password or token of unknown kind, from helper:pass of C",
        ),
    ],
)
def test_where_no_credential_is_sent_the_reason_is_told(lines: str, told: str) -> None:
    stored = facts.stored_credential(said(f"config C\n{lines}\n"))
    assert stored is not None
    assert stored.told == told


def test_git_tags_are_read_and_damaged_lines_left_out() -> None:
    text = f"v1 {'1' * 40} 1700000000\nbroken\n\nv2 {'2' * 40} ²\nv3 {'3' * 40} {'9' * 5000}\nv4 {'4' * 40} 5\n"
    found = facts.git_tags(said(text))
    assert found is not None
    assert [(tag.name, tag.created_s) for tag in found] == [("v1", 1700000000), ("v4", 5)]
    assert facts.git_tags(said(text, exit_code=128)) is None
    assert facts.git_tags(said("")) == ()


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 40 60 40% /\n", (61440, 40)),
        ("Filesystem\n/dev/a name with blanks 100 40 60 40% /mnt/two words\n", (61440, 40)),
        ("Filesystem 1024-blocks Used Available Capacity Mounted on\n", None),
        ("", None),
        ("\n \n", None),
    ],
)
def test_free_space_is_the_last_lines(text: str, space: tuple[int, int] | None) -> None:
    assert facts.free_space(said(text)) == space


@pytest.mark.parametrize("text", ["", "now", "²", "١٢٣", "-5", "1" * 13])
def test_a_clock_that_tells_no_seconds_is_unknown(text: str) -> None:
    assert facts.clock_offset_s(said(text)) is None


def test_a_clock_is_compared_with_the_time_of_the_question() -> None:
    there = said(f"{int(HEALTHY.started_at.timestamp()) + 100}\n")
    assert facts.clock_offset_s(there) == pytest.approx(100, abs=1)


@pytest.mark.parametrize(
    ("stdout", "exit_code", "status", "version"),
    [
        ('{"version": "20260101-000000"}\n200', 0, 200, "20260101-000000"),
        ('{"version": 3}\n204', 0, 204, None),
        ("not found\n404", 0, 404, None),
        ("\n000", 7, 0, None),
        ('{"version": "20260101-000000"}\n200', 28, 0, None),  # it hung after its headers
        ("\n200", 63, 0, None),
    ],
)
def test_a_health_url_tells_its_status_and_perhaps_a_version(
    stdout: str, exit_code: int, status: int, version: str | None
) -> None:
    health = facts.http_health(said(stdout, exit_code=exit_code))
    assert health == facts.HttpHealth(status=status, version=version)
    assert health.healthy is (status in (200, 204))


@pytest.mark.parametrize(("stdout", "exit_code"), [("", 127), ("\n²00", 0), ("200 OK", 0), ("\n20", 0), ("\n2000", 0)])
def test_without_a_status_the_url_was_not_asked(stdout: str, exit_code: int) -> None:
    assert facts.http_health(said(stdout, exit_code=exit_code)) is None


def test_a_pull_is_known_by_its_digest_and_its_exit_code() -> None:
    assert facts.pulled_digest(said(f"Pulling\nDigest: {DIGEST}\nStatus: x\n")) == DIGEST
    assert facts.pulled_digest(said(f"Digest: {DIGEST}\n", exit_code=1)) is None
    assert facts.pulled_digest(said("Digest: sha256:short\n")) is None


def test_what_could_not_be_asked_has_no_answer() -> None:
    lost = said("{}").model_copy(update={"failure": Cause.SSH_UNREACHABLE})
    assert [parse(lost) for parse in PARSERS] == [None] * len(PARSERS)
    assert [parse(None) for parse in PARSERS] == [None] * len(PARSERS)


def test_deep_and_wrong_json_is_read_as_nothing() -> None:
    assert facts.json_object(said("[" * 100_000)) is None
    assert facts.json_object(said("[1]")) is None
    assert facts.json_lines(said('{"a": 1}\nnonsense\n[2]\n{}\n')) == ({"a": 1}, {})
    assert facts.container(said('{"id": "x", "state": [], "restarts": true, "name": 5}')) == facts.Container(
        id="x", name="", image_text="", image_id="", status="", health=None, restarts=0, started_at=""
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "state", "Server", "digests", "Health", "tags", "config_image"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.text(max_size=200) | json_values.map(str) | json_values.map(json.dumps))
def test_any_text_is_a_value_or_none(text: str) -> None:
    for parse in PARSERS:
        parse(said(text))


@given(st.text(alphabet='0123456789²١ %\n\t/-:{}"', max_size=60))
def test_texts_that_look_like_numbers_are_a_value_or_none(text: str) -> None:
    for parse in PARSERS:
        parse(said(text))
