"""The lab's tokens have the form of real ones and show nothing by accident."""

import json
import re
import zlib
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.tokens import ALPHABET, LabTokens, TokenKind, checksum

pytestmark = pytest.mark.pure

CLASSIC_KINDS = ["good", "writer", "expired", "no_scope", "no_access"]


@pytest.fixture
def tokens() -> LabTokens:
    return LabTokens.generate()


def test_the_checksum_agrees_with_the_published_revoked_token() -> None:
    """Source: gist coolaj86/eb8cddfd3e4251258712dfed03e1f86d."""
    assert checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ") == "0mLq17"


@given(st.text(alphabet=ALPHABET, min_size=30, max_size=30))
def test_a_checksum_is_six_characters_that_count_back_to_the_crc(body: str) -> None:
    written = checksum(body)
    counted = 0
    for character in written:
        counted = counted * 62 + ALPHABET.index(character)
    assert len(written) == 6
    assert counted == zlib.crc32(body.encode())


@pytest.mark.parametrize("kind", [*CLASSIC_KINDS, "gh_oauth"])
def test_classic_and_oauth_tokens_have_36_characters_and_a_right_checksum(tokens: LabTokens, kind: str) -> None:
    value = tokens.value_of(TokenKind(kind))
    prefix = "gho_" if kind == "gh_oauth" else "ghp_"
    assert re.fullmatch(prefix + r"lab[A-Za-z0-9]{33}", value)
    assert value[-6:] == checksum(value[4:-6])


def test_a_fine_grained_token_has_its_own_form(tokens: LabTokens) -> None:
    assert re.fullmatch(r"github_pat_lab[A-Za-z0-9]{19}_[A-Za-z0-9]{59}", tokens.fine_grained)


def test_no_two_labs_share_a_token(tokens: LabTokens) -> None:
    other = LabTokens.generate()
    assert not set(asdict(tokens).values()) & set(asdict(other).values())


def test_printing_the_tokens_shows_none_of_them(tokens: LabTokens) -> None:
    for shown in (repr(tokens), str(tokens), f"{tokens}"):
        assert "good=[hidden]" in shown
        assert not any(value in shown for value in asdict(tokens).values())


def test_json_brings_back_the_same_tokens(tokens: LabTokens) -> None:
    assert LabTokens.from_json(tokens.to_json()) == tokens


@pytest.mark.parametrize("text", ["[]", "{}", '{"good": "ghp_x"}'])
def test_json_of_another_shape_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="lab tokens: not an object with the fields good, writer"):
        LabTokens.from_json(text)


def test_a_refused_value_is_not_in_the_message(tokens: LabTokens) -> None:
    broken = json.dumps({**asdict(tokens), "writer": 5})
    with pytest.raises(ValueError, match=r"^lab tokens: a value is not a string$"):
        LabTokens.from_json(broken)


def test_each_token_is_known_by_its_kind_and_a_strangers_is_not(tokens: LabTokens) -> None:
    assert [tokens.kind_of(tokens.value_of(kind)) for kind in TokenKind] == list(TokenKind)
    assert tokens.kind_of(LabTokens.generate().good) is None
    assert tokens.kind_of("") is None
    assert tokens.kind_of("ключ") is None
