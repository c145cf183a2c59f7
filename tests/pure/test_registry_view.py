"""What a view proves, and that its text form survives a round trip and any garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.causes import Cause
from ghcr_audit.registry.view import (
    MAX_MANIFESTS,
    MAX_TAGS,
    REFUSED_REALM,
    EndpointAnswer,
    ImagePlatform,
    ManifestAnswer,
    Platform,
    RegistryView,
    TagList,
    clean_code,
    clean_media_type,
    clean_message,
    parse_platform,
    parse_view,
    render_view,
)

pytestmark = pytest.mark.pure

TAG = "20261118-094500"
OLD = "20261103-081500"
DIGEST = "sha256:" + "0a" * 32
INDEX = "application/vnd.oci.image.index.v1+json"

NOT_ACCEPTED = "OCI index found, but Accept header does not support OCI indexes"

WHOLE = f"""\
challenge 401
token 200
manifest {TAG} 200 {DIGEST} {INDEX}
manifest latest 403 - DENIED permission_denied: read_package
manifest {OLD} error network_unreachable_or_timeout
platform {TAG} linux/amd64
platform {TAG} linux/arm64/v8
tags 200 partial
tag {TAG}
"""


def test_every_line_is_read_into_its_value() -> None:
    view = parse_view(WHOLE)
    assert view.challenge == EndpointAnswer(status=401)
    assert view.token == EndpointAnswer(status=200)
    assert view.manifest(TAG) == ManifestAnswer(reference=TAG, status=200, digest=DIGEST, media_type=INDEX)
    assert view.manifest("latest") == ManifestAnswer(
        reference="latest", status=403, error_code="DENIED", message="permission_denied: read_package"
    )
    assert view.manifest(OLD) == ManifestAnswer(reference=OLD, failure=Cause.NETWORK_UNREACHABLE_OR_TIMEOUT)
    assert view.manifest("never-asked") is None
    assert [str(platform) for platform in view.platforms_of(TAG)] == ["linux/amd64", "linux/arm64/v8"]
    assert view.platforms_of("latest") == ()
    assert view.tags == TagList(status=200, complete=False, tags=(TAG,))


def test_a_view_is_rendered_as_it_was_read() -> None:
    assert render_view(parse_view(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("token 403 DENIED denied", EndpointAnswer(status=403, error_code="DENIED", message="denied")),
        ("token - refused-realm", EndpointAnswer(error_code=REFUSED_REALM)),
        ("token error dns_failure", EndpointAnswer(failure=Cause.DNS_FAILURE)),
        ("token error no_such_label", EndpointAnswer(failure=Cause.OTHER)),
        ("token 503", EndpointAnswer(status=503, failure=Cause.REGISTRY_UNAVAILABLE)),
        ("token 401 - a b", EndpointAnswer(status=401, message="a b")),
        ("token 000", None),
        ("token - something", None),
        ("token", None),
    ],
)
def test_the_token_line_has_its_forms(line: str, answer: EndpointAnswer | None) -> None:
    view = parse_view(line)
    assert view.token == answer
    assert (answer is not None and answer.realm_refused) == (line == "token - refused-realm")
    assert parse_view(render_view(view)) == view


@pytest.mark.parametrize(
    ("line", "readable", "refused", "absent"),
    [
        (f"manifest t 200 {DIGEST} {INDEX}", True, False, False),
        ("manifest t 200 -", False, False, False),
        ("manifest t 401 - UNAUTHORIZED authentication required", False, True, False),
        ("manifest t 403 - DENIED denied", False, True, False),
        ("manifest t 404 - MANIFEST_UNKNOWN manifest unknown", False, False, True),
        ("manifest t 404 - NAME_UNKNOWN", False, False, True),
        (f"manifest t 404 - MANIFEST_UNKNOWN {NOT_ACCEPTED}", False, False, False),
        ("manifest t 404 - - a proxy's page", False, False, False),
        ("manifest t 503", False, False, False),
        ("manifest t error dns_failure", False, False, False),
    ],
)
def test_a_manifest_answer_is_readable_refused_absent_or_none_of_these(
    line: str, readable: bool, refused: bool, absent: bool
) -> None:
    answer = parse_view(line).manifest("t")
    assert answer is not None
    assert (answer.readable, answer.refused, answer.absent) == (readable, refused, absent)


@pytest.mark.parametrize(
    ("text", "published"),
    [
        (f"manifest {TAG} 200 {DIGEST} {INDEX}", True),
        (f"tags 200 partial\ntag {TAG}", True),
        (f"manifest {TAG} 403 - DENIED denied\ntags 200 complete\ntag {TAG}", True),
        (f"manifest {TAG} 404 - MANIFEST_UNKNOWN manifest unknown", False),
        (f"tags 200 complete\ntag {OLD}", False),
        (f"tags 200 partial\ntag {OLD}", None),
        (f"manifest {TAG} 403 - DENIED denied", None),
        (f"manifest {TAG} 429 - TOOMANYREQUESTS slow down", None),
        ("tags 403 DENIED denied", None),
        ("tags error dns_failure", None),
        (f"tag {TAG}", None),
        (f"manifest {OLD} 404 - MANIFEST_UNKNOWN manifest unknown", None),
        ("", None),
    ],
)
def test_published_is_known_only_where_it_was_seen(text: str, published: bool | None) -> None:
    assert parse_view(text).published(TAG) is published


def test_a_text_cut_on_its_way_proves_no_absence_and_invents_no_tag() -> None:
    text = f"tags 200 complete\ntag {OLD}\ntag {TAG}-rc"
    cut = parse_view(text.removesuffix("-rc"), truncated=True)
    assert cut.tags == TagList(status=200, complete=False, tags=(OLD,))
    assert cut.published(TAG) is None


def test_a_status_and_a_failure_of_another_kind_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="one or the other"):
        ManifestAnswer(reference="t", status=200, failure=Cause.DNS_FAILURE)
    assert ManifestAnswer(reference="t", status=429).failure is Cause.RATE_LIMITED


def test_more_tags_than_the_limit_make_the_list_partial() -> None:
    whole = parse_view("tags 200 complete\n" + "".join(f"tag t{n}\n" for n in range(MAX_TAGS))).tags
    cut = parse_view("tags 200 complete\n" + "".join(f"tag t{n}\n" for n in range(MAX_TAGS + 5))).tags
    assert whole is not None and whole.complete and len(whole.tags) == MAX_TAGS
    assert cut is not None and not cut.complete and len(cut.tags) == MAX_TAGS


def test_more_manifests_than_the_limit_and_lines_too_long_are_ignored() -> None:
    many = "".join(f"manifest t{n} error dns_failure\nplatform t{n} linux/amd64\n" for n in range(MAX_MANIFESTS + 5))
    view = parse_view(many)
    assert (len(view.manifests), len(view.platforms)) == (MAX_MANIFESTS, MAX_MANIFESTS)
    assert parse_view("challenge 401 - " + "x" * 2_000) == RegistryView()


def test_of_two_answers_the_first_counts() -> None:
    view = parse_view("challenge 401\nchallenge 200\ntags 403\ntags 200 complete\nmanifest t 401\nmanifest t 200")
    assert view.challenge == EndpointAnswer(status=401)
    assert view.tags == TagList(status=403)
    first = view.manifest("t")
    assert first is not None and first.status == 401


@pytest.mark.parametrize(
    "line",
    ["manifest -rf 200", "manifest a;b 200", "manifest t", "manifest t 2000", "platform t linux", "tags", "lacks curl"],
)
def test_a_line_that_is_none_of_the_forms_is_ignored(line: str) -> None:
    assert parse_view(line) == RegistryView()


def test_foreign_words_are_cleaned() -> None:
    assert clean_message(" a\x1b[31mred\n\u202eb\t c ") == "a [31mred b c"
    assert len(clean_message("x" * 1000)) == 300
    assert (clean_code("DENIED"), clean_code("-"), clean_code("a b"), clean_code("")) == ("DENIED", None, None, None)
    assert clean_media_type("text/html; charset=utf-8") == "text/html"
    assert clean_media_type("no type") is None
    assert parse_platform("linux/arm64/v8") == Platform(os="linux", architecture="arm64", variant="v8")
    assert parse_platform("linux") is None


def test_a_message_can_not_forge_a_line() -> None:
    forged = ManifestAnswer(
        reference="t", status=403, error_code="DENIED", message=f"x\nmanifest {TAG} 200 {DIGEST} a/b"
    )
    view = parse_view(render_view(RegistryView(manifests=(forged,))))
    assert view.published(TAG) is None
    assert len(view.manifests) == 1


_TAGS = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}\Z")
_REFERENCES = _TAGS | st.just(DIGEST)
_STATUS = st.integers(100, 599)
_NOT_OK = _STATUS.filter(lambda status: status != 200)
_CODES = st.none() | st.from_regex(r"\A[A-Z_]{1,20}\Z").map(clean_code)
_MESSAGES = st.text(max_size=400).map(clean_message)
_CAUSES = st.sampled_from(Cause)
_ENDPOINTS = st.one_of(
    st.none(),
    st.just(EndpointAnswer(error_code=REFUSED_REALM)),
    st.builds(EndpointAnswer, failure=_CAUSES),
    st.builds(EndpointAnswer, status=_STATUS, error_code=_CODES, message=_MESSAGES),
)
_MANIFESTS = st.one_of(
    st.builds(ManifestAnswer, reference=_REFERENCES, failure=_CAUSES),
    st.builds(
        ManifestAnswer,
        reference=_REFERENCES,
        status=st.just(200),
        digest=st.none() | st.just(DIGEST),
        media_type=st.none() | st.just(INDEX),
    ),
    st.builds(ManifestAnswer, reference=_REFERENCES, status=_NOT_OK, error_code=_CODES, message=_MESSAGES),
)
_LISTS = st.one_of(
    st.none(),
    st.builds(TagList, failure=_CAUSES),
    st.builds(TagList, status=_NOT_OK, error_code=_CODES, message=_MESSAGES),
    st.builds(TagList, status=st.just(200), complete=st.booleans(), tags=st.lists(_TAGS, max_size=5).map(tuple)),
)
_PLATFORMS = st.builds(
    ImagePlatform,
    reference=_REFERENCES,
    platform=st.sampled_from([Platform(os="linux", architecture="arm64", variant=variant) for variant in (None, "v8")]),
)


@given(
    st.builds(
        RegistryView,
        challenge=_ENDPOINTS,
        token=_ENDPOINTS,
        manifests=st.lists(_MANIFESTS, max_size=4).map(tuple),
        platforms=st.lists(_PLATFORMS, max_size=3).map(tuple),
        tags=_LISTS,
    )
)
def test_any_view_survives_the_round_trip(view: RegistryView) -> None:
    assert parse_view(render_view(view)) == view


_WORDS = st.sampled_from(
    ["challenge", "token", "manifest", "tags", "tag", "platform", "error", "-", "200", "403", "404", "complete", DIGEST]
)
_LINES = st.lists(_WORDS | st.text(max_size=12), max_size=6).map(" ".join)


@given(st.text() | st.lists(_LINES, max_size=8).map("\n".join), st.booleans())
def test_any_text_parses_and_what_was_read_is_stable(text: str, truncated: bool) -> None:
    view = parse_view(text, truncated=truncated)
    assert parse_view(render_view(view)) == view
