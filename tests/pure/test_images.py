"""Image references: the grammar, the defaults, and that any text gives a value or one named error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.images import (
    ImageRef,
    check_digest,
    check_registry,
    check_repository,
    check_tag,
    host_of,
    is_loopback,
    parse_image,
)

pytestmark = pytest.mark.pure

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("ghcr.io/acme/observer:20261118-094500", "ghcr.io", "acme/observer", "20261118-094500", None),
        ("ghcr.io/acme/observer", "ghcr.io", "acme/observer", None, None),
        (f"ghcr.io/acme/observer@{DIGEST}", "ghcr.io", "acme/observer", None, DIGEST),
        (f"ghcr.io/acme/observer:v1@{DIGEST}", "ghcr.io", "acme/observer", "v1", DIGEST),
        ("GHCR.io/acme/observer:V1", "ghcr.io", "acme/observer", "V1", None),
        ("postgres:16", "docker.io", "library/postgres", "16", None),
        ("acme/observer:1", "docker.io", "acme/observer", "1", None),
        ("docker.io/postgres", "docker.io", "library/postgres", None, None),
        ("index.docker.io/postgres", "docker.io", "library/postgres", None, None),
        ("localhost/observer", "localhost", "observer", None, None),
        ("127.0.0.1:5000/a/b/c:_x", "127.0.0.1:5000", "a/b/c", "_x", None),
        ("[::1]:5000/observer:1", "[::1]:5000", "observer", "1", None),
        ("[fe80::1]/observer", "[fe80::1]", "observer", None, None),
        ("h:1/a__b/c--d/e.f_g", "h:1", "a__b/c--d/e.f_g", None, None),
    ],
)
def test_a_reference_is_read_into_its_parts(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    expected = ImageRef(registry=registry, repository=repository, tag=tag, digest=digest)
    assert parse_image(text) == expected
    assert parse_image(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected 1-600"),
        ("a" * 700, "expected 1-600"),
        ("-v/etc:latest", "begins with '-'"),
        ("0a" * 32, "image id"),
        ("ghcr.io/Acme/observer:1", "must be lower-case"),
        ("Acme/observer:1", "must be lower-case"),
        ("ghcr.io/acme/observer:", "not a tag"),
        ("ghcr.io/acme/observer:a b", "not a tag"),
        ("ghcr.io/acme/observer@sha256:12", "not a digest"),
        (f"ghcr.io/acme/observer@{DIGEST.upper()}", "not a digest"),
        ("ghcr.io/acme//observer", "not a repository"),
        ("ghcr.io/acme/___observer", "not a repository"),
        ("ghcr.io/", "not a repository"),
        ("ghcr.io:99999/acme/observer", "not a host"),
        ("ghcr.io:0/acme/observer", "not a host"),
        ("[::zz]/observer", "not a"),
        ("[:::]/observer", "not a host"),
        ("user@ghcr.io/acme/observer", "not a digest"),
        ("https://ghcr.io/acme/observer", "not a"),
        ("ghcr.io/acme/observer\n", "not a repository"),
        ("ghcr.io/acme/" + "a" * 255, "at most 255"),
    ],
)
def test_what_is_no_reference_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        parse_image(text)


@pytest.mark.parametrize("tag", ["-rf", ".hidden", "a;b", "$(id)", "a b", "a\n", "`x`", "a/b", "", "x" * 129, "ü"])
def test_a_tag_that_could_mean_something_to_a_shell_is_refused(tag: str) -> None:
    with pytest.raises(ConfigurationError, match="not a tag"):
        check_tag(tag)


@pytest.mark.parametrize("tag", ["latest", "20261118-094500", "V1.2_3-rc", "_", "x" * 128])
def test_a_sound_tag_passes_unchanged(tag: str) -> None:
    assert check_tag(tag) == tag


def test_another_tag_or_digest_replaces_both() -> None:
    image = parse_image(f"ghcr.io/acme/observer:v1@{DIGEST}")
    assert str(image.with_tag("v2")) == "ghcr.io/acme/observer:v2"
    assert str(image.with_digest(DIGEST)) == f"ghcr.io/acme/observer@{DIGEST}"
    assert image.name == "ghcr.io/acme/observer"
    with pytest.raises(ConfigurationError, match="not a tag"):
        image.with_tag("-x")
    with pytest.raises(ConfigurationError, match="not a digest"):
        image.with_digest("sha512:00")


@pytest.mark.parametrize(
    "registry", ["127.0.0.1", "127.0.0.1:5000", "127.99.1.2:1", "localhost", "LOCALHOST:5000", "[::1]:5000"]
)
def test_this_machine_is_loopback(registry: str) -> None:
    assert is_loopback(registry)


@pytest.mark.parametrize(
    "registry",
    [
        "ghcr.io",
        "127.0.0.1.example.org",
        "localhost.example.org",
        "10.0.0.1:5000",
        "[::2]",
        "[::ffff:10.0.0.1]",
        "128.0.0.1",
    ],
)
def test_another_machine_is_not_loopback(registry: str) -> None:
    assert not is_loopback(registry)


def test_the_host_of_a_registry_has_no_port_and_no_brackets() -> None:
    assert (host_of("[::1]:5000"), host_of("GHCR.io:443"), host_of("ghcr.io")) == ("::1", "ghcr.io", "ghcr.io")


@given(st.text(max_size=80) | st.from_regex(r"\A[a-zA-Z0-9.:/@\[\]_-]{0,60}\Z"))
def test_any_text_is_a_reference_that_survives_a_round_trip_or_a_named_error(text: str) -> None:
    try:
        image = parse_image(text)
    except ConfigurationError:
        return
    assert parse_image(str(image)) == image
    assert not str(image).startswith("-")


@given(st.text(max_size=200))
def test_any_text_is_returned_unchanged_or_refused_by_every_check(text: str) -> None:
    for check in (check_tag, check_digest, check_repository):
        try:
            assert check(text) == text
        except ConfigurationError:
            continue
    try:
        assert check_registry(text) == text.lower()
    except ConfigurationError:
        return
