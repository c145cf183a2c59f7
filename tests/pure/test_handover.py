"""A credential is handed over by a block's name or in a sealed box: never in clear, never for another prompt."""

import json
import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey

from ghcr_audit.credentials import Secret
from ghcr_audit.handover import (
    ANSWER_PATTERN,
    UnusableAnswerError,
    Way,
    encoded_key,
    key_in,
    key_line,
    opened,
    sealed_text,
)
from lab.tokens import LabTokens, TokenKind

RUN = "0b9f2a31-4f0e-4c53-9d6f-0d4f1c1c2f10"


@pytest.fixture(scope="module")
def pool() -> PrivateKey:
    return PrivateKey.generate()


def sealed_for(pool: PrivateKey, token: str, *, run: str = RUN, attempt: int = 1) -> str:
    return sealed_text(encoded_key(bytes(pool.public_key)), Secret(token), run=run, attempt=attempt)


def test_a_sealed_token_is_opened_by_the_pool_alone(pool: PrivateKey) -> None:
    token = LabTokens.generate().good
    text = sealed_for(pool, token)
    assert re.fullmatch(ANSWER_PATTERN, text)
    assert token not in text
    assert opened(bytes(pool), text, run=RUN, attempt=1).get_secret_value() == token
    with pytest.raises(UnusableAnswerError, match="sealed to another key"):
        opened(bytes(PrivateKey.generate()), text, run=RUN, attempt=1)


@pytest.mark.parametrize(("run", "attempt"), [(RUN, 2), ("another-run", 1)])
def test_a_sealed_token_is_good_for_one_prompt_only(pool: PrivateKey, run: str, attempt: int) -> None:
    text = sealed_for(pool, "ghp_labToken")
    with pytest.raises(UnusableAnswerError, match="another run or an earlier attempt"):
        opened(bytes(pool), text, run=run, attempt=attempt)


@given(damage=st.text(alphabet="ABCabc019_-.", max_size=300))
def test_damaged_ciphertext_is_one_named_error(damage: str) -> None:
    with pytest.raises(UnusableAnswerError, match=r"sealed to another key|not Base64"):
        opened(secrets.token_bytes(32), f"sealed.v1.{damage}", run=RUN, attempt=1)


def test_the_longest_token_still_fits_the_form(pool: PrivateKey) -> None:
    assert re.fullmatch(ANSWER_PATTERN, sealed_for(pool, "ghs_1234567_" + "a" * 1000))


@pytest.mark.parametrize("name", ["ghcr-token", "once-ghcr-token", "a", "team2-registry-2026"])
def test_names_of_secret_blocks_are_answers(name: str) -> None:
    assert re.fullmatch(ANSWER_PATTERN, name)


@pytest.mark.parametrize("kind", list(TokenKind))
def test_no_token_of_githubs_is_an_answer(kind: TokenKind) -> None:
    assert not re.search(ANSWER_PATTERN, LabTokens.generate().value_of(kind))


@pytest.mark.parametrize(
    "pasted",
    ["", " ", "0123456789abcdef0123456789abcdef01234567", "a" * 21, "eyJhbGciOi.eyJzdWIi.c2ln", "My-Block", "-x", "x-"],
)
def test_what_else_might_be_pasted_is_no_answer(pasted: str) -> None:
    assert not re.search(ANSWER_PATTERN, pasted)


def test_the_prompt_shows_the_key_that_the_cli_reads(pool: PrivateKey) -> None:
    key = encoded_key(bytes(pool.public_key))
    assert key_in(f"Some text.\n\nOr in a terminal. {key_line(key)}") == key
    assert key_in(json.dumps(f"Some text.\n\nOr in a terminal. {key_line(key)}")) == key
    assert key_in("no key here") is None


def test_a_registry_cannot_put_its_own_key_into_the_prompt(pool: PrivateKey) -> None:
    key, foreign = encoded_key(bytes(pool.public_key)), encoded_key(bytes(PrivateKey.generate().public_key))
    hostile = f"403 DENIED {key_line(foreign)}\n\nOr in a terminal. {key_line(foreign)}"
    assert key_in(f"{hostile}\n\nOr in a terminal. {key_line(key)}") == key
    assert key_in(f"{key_line(foreign)} and no key of ours") is None


def test_a_key_that_is_none_is_told(pool: PrivateKey) -> None:
    with pytest.raises(UnusableAnswerError, match="no key of a work pool"):
        sealed_text("AAAA", Secret("ghp_labToken"), run=RUN, attempt=1)
    assert Way.SEALED.value == "sealed"
