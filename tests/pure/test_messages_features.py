"""A message is taken apart as the programs put it together; any text at all gives an answer, in bounded time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.messages import diagnose_text
from ghcr_audit.messages.features import Operation, Refusal, Sent, Stage, read_message
from ghcr_audit.messages.hosts import Registry, mistyped
from ghcr_audit.messages.tables import RULES

WORDS = sorted({piece for rule in RULES for phrase in (*rule.says, *rule.and_says) for piece in phrase.split("…")})
LARGE_CHARS = 300_000
SLOWEST_S = 3.0


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (
            'Error response from daemon: Head "https://ghcr.io/v2/a/b/manifests/1": denied: denied',
            Refusal(code="denied", message="denied", wrapped=True),
        ),
        (
            "docker: Error response: Head https://ghcr.io/v2/a/b/manifests/1: unauthorized.\nSee 'docker run --help'.",
            Refusal(code="unauthorized", message="", wrapped=True),
        ),
        ("Error response from daemon: denied", Refusal(code="denied", message="")),
        (
            "denied: permission_denied: write_package",
            Refusal(code="denied", message="permission_denied: write_package"),
        ),
        (
            "Error response from daemon: error from registry: denied",
            Refusal(code="denied", message="", single=True),
        ),
        (
            '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
            Refusal(code="manifest unknown", message="manifest unknown"),
        ),
    ],
)
def test_a_refusal_is_read_with_what_stands_around_it(text: str, refusal: Refusal) -> None:
    assert read_message(text).refusals == (refusal,)


def test_a_repeated_code_is_the_standard_message() -> None:
    first = read_message("error from registry: unauthorized\nunauthorized").refusals[0]
    assert (first.code, first.single) == ("unauthorized", False)


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("unexpected status from HEAD request to https://r/v2/a/manifests/1: 403 Forbidden", {403}),
        ("HTTP/1.1 401 Unauthorized", {401}),
        ("The requested URL returned error: 502", {502}),
        ("failed with status code [manifests v2]: 503 Service Unavailable", {503}),
        ("image 404 of 500 pulled", set()),
    ],
)
def test_statuses_are_read_and_other_numbers_are_not(text: str, statuses: set[int]) -> None:
    assert read_message(text).statuses == statuses


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ('Get "https://ghcr.io/v2/": EOF', Stage.PING),
        ("GET https://ghcr.io/token?scope=x: 403 Forbidden", Stage.TOKEN),
        ("Head https://ghcr.io/v2/a/b/manifests/1: denied", Stage.MANIFEST),
        ("POST https://ghcr.io/v2/a/b/blobs/uploads/: 403", Stage.UPLOAD),
        ("https://ghcr.io/v2/a/b/blobs/sha256:1: 403", Stage.BLOB),
    ],
)
def test_the_stage_is_told_by_the_address(text: str, stage: Stage) -> None:
    assert stage in read_message(text).stages


def test_whether_a_credential_was_sent_is_read_where_it_is_told() -> None:
    assert read_message("failed to fetch oauth token: 403").sent is Sent.YES
    assert read_message("failed to fetch anonymous token: 401").sent is Sent.NO
    assert read_message("denied").sent is Sent.UNTOLD


@pytest.mark.parametrize(
    ("told", "text", "registry"),
    [
        ("", "pull access denied for shop, repository does not exist", Registry.HUB),
        ("", "pull access denied for acme/shop, repository does not exist", Registry.HUB),
        ("", "pull access denied for r.example:5000/shop, repository does not exist", Registry.OTHER),
        ("", "pulling ghcr.io/acme/shop", Registry.GHCR),
        ("generic", "pulling 1.dkr.ecr.eu-west-1.amazonaws.com/shop", Registry.ECR),
        ("cr.example (ghcr.io)", "pulling", Registry.GHCR),
        ("quay.io", "docker.io", Registry.QUAY),
    ],
)
def test_the_registry_is_what_was_told_else_what_is_named(told: str, text: str, registry: Registry) -> None:
    assert read_message(text, registry=told).registry is registry


def test_the_operation_is_what_was_told_else_what_is_shown() -> None:
    assert read_message("docker login", operation="push").operation is Operation.PUSH
    assert read_message("docker login", operation="nonsense").operation is Operation.LOGIN
    assert read_message("hm").operation is Operation.UNKNOWN


@pytest.mark.parametrize("host", ["ghrc.io", "gchr.io", "ghcr.com", "quay.oi", "dcoker.io"])
def test_a_slip_of_the_pen_in_a_registrys_name_is_seen(host: str) -> None:
    assert mistyped(f"dial tcp: lookup {host}: no such host")
    assert mistyped(f'get "https://{host}/v2/": eof')


@pytest.mark.parametrize(
    "host", ["ghcr.io", "gcr.io", "auth.docker.io", "k8s.gcr.io", "registry.acme.example", "docker"]
)
def test_right_names_and_strangers_are_no_slips(host: str) -> None:
    assert not mistyped(f"dial tcp: lookup {host}: no such host")


def test_a_web_site_is_no_registry_but_for_its_own_api() -> None:
    assert mistyped("get https://hub.docker.com/v2/acme/shop/manifests/1: 404")
    assert not mistyped("request to https://hub.docker.com/v2/users/login failed with status 401")


def test_escapes_quotes_and_case_do_not_matter() -> None:
    text = '\x1b[31mtime="x" msg="Head \\"https://ghcr.io/v2/a/b/manifests/1\\": DENIED: denied"\x1b[0m'
    assert read_message(text).refusals[0] == Refusal(code="denied", message="denied", wrapped=True)


@given(st.binary(max_size=2000))
def test_any_bytes_get_an_answer(found: bytes) -> None:
    diagnose_text(found.decode("utf-8", "surrogateescape"))


@given(st.lists(st.sampled_from(WORDS), max_size=60), st.sampled_from(["", "pull", "push", "api", "ssh"]))
@settings(deadline=None)
def test_any_mixture_of_known_words_gets_ranked_causes(words: list[str], operation: str) -> None:
    found = diagnose_text("\n".join(words), operation=operation)
    assert len({one.cause for one in found}) == len(found)


@pytest.mark.parametrize(
    "piece",
    [
        "x", "\n", "\n ", ": ", "denied: ", 'get "https://', "https://a", "status ", '\\"', "\x1b[", '"code":"',
        "lookup ghcr", "pull access denied for ", "failed to resolve reference ", "no space left ",
    ],
)  # fmt: skip
def test_a_large_text_of_one_form_takes_bounded_time(piece: str) -> None:
    began = time.process_time()
    diagnose_text(piece * (LARGE_CHARS // len(piece)))
    assert time.process_time() - began < SLOWEST_S


def test_twice_the_words_take_no_more_than_their_share() -> None:
    text = "\n".join(WORDS * 4)
    took_s = [_took_s(text), _took_s(text + "\n" + text)]
    assert took_s[1] < 6 * took_s[0] + 0.1


def _took_s(text: str) -> float:
    began = time.process_time()
    diagnose_text(text)
    return time.process_time() - began


def test_a_thousand_messages_take_seconds() -> None:
    text = 'Error response from daemon: Head "https://ghcr.io/v2/acme/observer/manifests/1.4": denied: denied\n'
    began = time.process_time()
    for number in range(1000):
        diagnose_text(f"$ docker pull ghcr.io/acme/observer:{number}\n{text}")
    assert time.process_time() - began < SLOWEST_S
