"""What each family of tools says of one condition, told by form: `messages_forms.jsonl` (own texts, invented names)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages import diagnose_text
from ghcr_audit.messages.conditions import (
    asks_for_a_user,
    incomplete_path,
    logged_out,
    old_interpolation,
    overlong_path,
    reference_not_found,
)
from ghcr_audit.messages.features import Refusal, read_message
from tests.pure.messages_examples import Example

FORMS = [
    Example(**{**row, "cause": Cause(row["cause"])})
    for row in map(json.loads, Path(__file__).with_name("messages_forms.jsonl").read_text("utf-8").splitlines())
]
GHCR = "https://ghcr.io/v2/acme/shop/manifests/1"


@pytest.mark.parametrize("example", FORMS, ids=lambda example: f"{example.cause}: {example.text[:40]}")
def test_the_cause_is_named_first_and_nothing_else_is_called_proven(example: Example) -> None:
    found = diagnose_text(example.text, operation=example.operation, registry=example.registry)
    assert [one.cause for one in found][:1] == [example.cause]
    assert [one.cause for one in found[1:] if one.certainty is Certainty.PROVEN] == []


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        pytest.param(
            f' ✘ web Error Head "{GHCR}": denied      1.2s \n ! db Interrupted   1.2s ',
            Refusal(code="denied", message="", wrapped=True),
            id="the time that compose prints behind",
        ),
        pytest.param(
            f'level=error msg="pulling failed" error="Head \\"{GHCR}\\": denied: denied" host=ghcr.io',
            Refusal(code="denied", message="denied", wrapped=True),
            id="the next field of a log line",
        ),
        pytest.param(
            f'Head "{GHCR}": unauthorized. Proceeding with the image that is here',
            Refusal(code="unauthorized", message="", wrapped=True),
            id="what a tool does then",
        ),
    ],
)
def test_what_a_program_adds_is_no_part_of_the_refusal(text: str, refusal: Refusal) -> None:
    assert read_message(text).refusals == (refusal,)


def test_a_bullet_begins_a_sentence_of_its_own() -> None:
    sentences = read_message("[+] Running 0/2\n ✘ web Error denied\n ! db Interrupted").sentences
    assert not any("web" in one and "db" in one for one in sentences)


@pytest.mark.parametrize(
    ("command", "holds"),
    [
        ("docker logout ghcr.io", True),
        ("docker logout", False),
        ("docker logout ghcr.io\n$ docker login ghcr.io", False),
    ],
)
def test_a_logout_without_a_host_is_docker_hubs(command: str, holds: bool) -> None:
    assert logged_out(read_message(f"$ {command}\n$ docker pull ghcr.io/acme/shop:1\n{GHCR}: denied")) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ERROR: failed to solve: ghcr.io/acme/shop:1: not found", True),
        ('failed to resolve reference "r": ghcr.io/acme/shop@sha256:0c1: not found', True),
        ("ghcr.io/acme/shop:1: not found in the cache, pulling it", False),
        ("sh: shop: not found", False),
    ],
)
def test_a_whole_name_and_nothing_but_not_found(text: str, holds: bool) -> None:
    assert reference_not_found(read_message(text)) is holds


@pytest.mark.parametrize(
    ("expression", "holds"), [("${TAG:-latest}", True), ("r/x:${TAG:?no tag}", True), ("${TAG", False), ("$", False)]
)
def test_an_expression_that_is_valid_today_means_an_old_compose(expression: str, holds: bool) -> None:
    text = f'ERROR: Invalid interpolation format for "image" option in service "web": "{expression}"'
    assert old_interpolation(read_message(text)) is holds


@pytest.mark.parametrize(
    ("address", "overlong", "incomplete"),
    [
        ("https://registry-1.docker.io/v2/acme/shop/web/manifests/1", True, False),
        ("https://registry-1.docker.io/v2/acme/shop/manifests/1", False, False),
        ("https://ghcr.io/v2/acme/shop/web/manifests/1", False, False),
        ("https://ghcr.io/v2/shop/manifests/1", False, True),
        ("https://ghcr.io/v2/acme/manifests/shop/blobs/1", False, False),
        ("https://ghcr.io/v2/acme/manifests/1", False, True),
    ],
)
def test_how_many_names_a_path_has_depends_on_the_registry(address: str, overlong: bool, incomplete: bool) -> None:
    message = read_message(f'Head "{address}": denied')
    assert (overlong_path(message), incomplete_path(message)) == (overlong, incomplete)


@pytest.mark.parametrize(
    ("address", "holds"),
    [
        ("https://api.github.com/user", True),
        ("https://api.github.com/user/packages/container/shop", True),
        ("https://api.github.com/users/acme/packages", False),
        ("https://api.github.com/repos/acme/shop", False),
    ],
)
def test_an_address_that_asks_for_the_tokens_user(address: str, holds: bool) -> None:
    assert asks_for_a_user(read_message(f"GET {address}: 403")) is holds


def test_rules_load_without_the_model_library() -> None:
    code = "import sys, ghcr_audit.cli.diagnose\nprint('pydantic' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "False"
