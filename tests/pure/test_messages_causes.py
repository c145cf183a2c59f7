"""Every cause is named from real programs' wording, and nothing is called proven that is not so."""

import json
from pathlib import Path

import pytest

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty
from ghcr_audit.messages import diagnose_text
from ghcr_audit.messages.tables import RULES
from tests.pure.messages_examples import EXAMPLES, Example

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "messages.jsonl"


def identity(example: Example) -> str:
    return f"{example.cause}: {example.text[:40]}"


@pytest.mark.parametrize("example", EXAMPLES, ids=identity)
def test_the_cause_is_named_first(example: Example) -> None:
    candidates = diagnose_text(example.text, operation=example.operation, registry=example.registry)
    assert [candidate.cause for candidate in candidates][:1] == [example.cause]


@pytest.mark.parametrize("example", EXAMPLES, ids=identity)
def test_no_other_cause_is_called_proven(example: Example) -> None:
    proven = [one.cause for one in diagnose_text(example.text) if one.certainty is Certainty.PROVEN]
    assert proven in ([], [example.cause])


@pytest.mark.parametrize("example", EXAMPLES, ids=identity)
def test_every_candidate_says_why_and_what_to_do(example: Example) -> None:
    for candidate in diagnose_text(example.text):
        assert candidate.why.endswith((".", ")"))
        assert candidate.remedy
        assert candidate.probe


def test_every_cause_that_a_rule_names_has_an_example() -> None:
    told = {example.cause for example in EXAMPLES}
    assert told == {rule.cause for rule in RULES}


@pytest.mark.parametrize(
    ("text", "root", "consequence"),
    [
        pytest.param(
            'failed to resolve reference "r.example/a": failed to do request: Head "https://r.example/v2/a/manifests": '
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW,
            Cause.TAG_NOT_FOUND,
            id="certificate before reference",
        ),
        pytest.param(
            "failed to register layer: archive/tar: write /x: no space left on device",
            Cause.DISK_FULL,
            Cause.LAYER_DOWNLOAD_CORRUPT,
            id="disk before layer",
        ),
        pytest.param(
            "WARNING: Error loading config file: /home/deploy/.docker/config.json: EOF\n"
            'Error response from daemon: Head "https://ghcr.io/v2/acme/x/manifests/1": unauthorized',
            Cause.CONFIG_JSON_CORRUPT,
            Cause.CREDENTIAL_MISSING,
            id="damaged file before missing login",
        ),
        pytest.param(
            "Error response from daemon: client version 1.25 is too old. Minimum supported API version is 1.44\n"
            "updater-1 exited with code 1",
            Cause.ENGINE_API_VERSION_MISMATCH,
            Cause.CONTAINER_UNHEALTHY,
            id="API version before exit",
        ),
    ],
)
def test_the_root_cause_stands_before_its_consequence(text: str, root: Cause, consequence: Cause) -> None:
    causes = [candidate.cause for candidate in diagnose_text(text)]
    assert causes[0] is root
    assert consequence not in causes[:1]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("write /dev/shm/x: no space left on device", Certainty.LIKELY),
        ('Error response from daemon: Head "https://ghcr.io/v2/acme/x/manifests/1": denied: denied', Certainty.LIKELY),
        ("x509: certificate signed by unknown authority", Certainty.LIKELY),
        ("Bind for 0.0.0.0:80 failed: port is already allocated", Certainty.LIKELY),
        ("manifest unknown", Certainty.LIKELY),
        ("Error response from daemon: denied", Certainty.POSSIBLE),
    ],
)
def test_words_with_another_reading_are_never_proven(text: str, most: Certainty) -> None:
    order = [Certainty.POSSIBLE, Certainty.LIKELY, Certainty.PROVEN]
    assert all(order.index(one.certainty) <= order.index(most) for one in diagnose_text(text, registry="ghcr.io"))


def test_two_named_causes_prove_neither() -> None:
    text = (
        "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock\n"
        "no matching manifest for linux/arm64/v8 in the manifest list entries"
    )
    certainties = {candidate.certainty for candidate in diagnose_text(text)}
    assert Certainty.PROVEN not in certainties


def test_the_messages_of_a_corpus_beside_the_checkout_are_told() -> None:
    if not CORPUS.is_file():
        pytest.skip("no corpus of labelled messages lies beside this checkout (shared/corpus/messages.jsonl)")
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines() if line.strip()]
    confirmed = [row for row in rows if row["confidence"] == "confirmed"]
    told = [diagnose_text(row["text"], operation=row["operation"], registry=row["registry"]) for row in confirmed]
    first = sum(bool(found) and found[0].cause == row["cause"] for row, found in zip(confirmed, told, strict=True))
    wrong = [
        row["id"]
        for row, found in zip(confirmed, told, strict=True)
        for one in found
        if one.certainty is Certainty.PROVEN and one.cause != row["cause"]
    ]
    assert wrong == []
    assert first / len(confirmed) >= 0.92
