"""Secrets never print; a token's form gives away its kind and its slips."""

import copy
import json
import pickle
from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.credentials import (
    HIDDEN,
    Credential,
    Secret,
    TokenKind,
    checksum,
    checksum_holds,
    problems,
    token_kind,
)
from ghcr_audit.errors import ConfigurationError
from lab.tokens import LabTokens

pytestmark = pytest.mark.pure

BODY = "labOnlyNeverARealToken00000000"


def token(prefix: str = "ghp_") -> str:
    return f"{prefix}{BODY}{checksum(BODY)}"


def test_a_secret_prints_as_hidden_however_it_is_printed() -> None:
    secret = Secret("labValue")
    credential = Credential(user="acme-bot", secret=secret)
    texts = (str(secret), repr(secret), f"{secret}", f"{secret:>40}", format(secret, "s"), repr(credential))
    assert all("labValue" not in text and HIDDEN in text for text in texts)


def test_a_secret_stays_wrapped_in_copies_and_is_not_written_as_json() -> None:
    credential = Credential(user="acme-bot", secret=Secret("labValue"))
    assert copy.deepcopy(credential) == credential
    assert asdict(credential)["secret"] == Secret("labValue")
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(asdict(credential))


def test_a_secret_is_never_pickled() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(Credential(user="acme-bot", secret=Secret("labValue")), protocol)


def test_secrets_are_compared_by_value_and_are_no_keys() -> None:
    assert Secret("lab") == Secret("lab")
    assert Secret("lab") != Secret("lab2")
    assert Secret("lab") != "lab"
    assert not Secret("")
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret("lab"))


@pytest.mark.parametrize("user", ["", "a:b", "a\nb"])
def test_a_user_that_basic_cannot_carry_is_refused(user: str) -> None:
    with pytest.raises(ConfigurationError, match="credential: user"):
        Credential(user=user, secret=Secret("lab"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ghp_lab", TokenKind.CLASSIC_PAT),
        ("gho_lab", TokenKind.OAUTH),
        ("ghu_lab", TokenKind.APP_USER),
        ("ghs_lab", TokenKind.APP_INSTALLATION),
        ("ghr_lab", TokenKind.APP_REFRESH),
        ("github_pat_lab", TokenKind.FINE_GRAINED_PAT),
        ("lab password", TokenKind.OTHER),
        ("GHP_lab", TokenKind.OTHER),
        ("", TokenKind.EMPTY),
    ],
)
def test_the_prefix_tells_the_kind(text: str, kind: TokenKind) -> None:
    assert token_kind(text) is kind
    assert token_kind(Secret(text)) is kind


def test_the_checksum_agrees_with_the_lab_which_computes_it_independently() -> None:
    tokens = LabTokens.generate()
    classic = [getattr(tokens, field.name) for field in fields(tokens) if field.name != "fine_grained"]
    assert [checksum_holds(text) for text in classic] == [True] * 6
    assert all(problems(text) == () for text in classic)


def test_the_checksum_agrees_with_the_published_revoked_token() -> None:
    """Source: gist coolaj86/eb8cddfd3e4251258712dfed03e1f86d."""
    assert checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ") == "0mLq17"


@pytest.mark.parametrize("position", [4, 20, 35, 39])
def test_one_wrong_character_breaks_the_checksum(position: int) -> None:
    good = token()
    wrong = good[:position] + ("x" if good[position] != "x" else "y") + good[position + 1 :]
    assert checksum_holds(good) is True
    assert checksum_holds(wrong) is False


@pytest.mark.parametrize(
    "text",
    ["", "lab", "github_pat_lab", token() + "0", token()[:-1], "ghs_123_lab.lab.lab" + "0" * 40, "ghx_" + "0" * 36],
)
def test_where_no_checksum_can_be_computed_none_is_claimed(text: str) -> None:
    assert checksum_holds(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"),
        (" \n", "empty"),
        (token() + "\n", "line break"),
        (token()[:20] + " " + token()[20:], "space"),
        (token()[:-1] + ("0" if token()[-1] != "0" else "1"), "checksum does not hold"),
        (token()[:-1], "shorter than any"),
        (token()[:-1] + "-", "no token of its kind has"),
        ("github_pat_" + "lab" * 28, "no fine-grained"),
        (token("ghs_"), "app installation token only inside"),
        ("ghs_1_" + "lab.lab.lab" * 8, "app installation token only inside"),
        (token("ghr_"), "refresh token opens nothing"),
    ],
)
def test_each_slip_has_its_sentence(text: str, sentence: str) -> None:
    found = problems(Secret(text))
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize("text", [token(), token("gho_"), token("ghu_"), "ghp_" + "lab0" * 20, "lab-password"])
def test_a_token_of_good_form_has_no_problem(text: str) -> None:
    assert problems(text) == ()


@given(st.text(min_size=6, max_size=120) | st.from_regex(r"\Agh[posur]_[0-9A-Za-z_.-]{8,60}\Z"))
def test_no_problem_ever_shows_the_token(text: str) -> None:
    assert all(text not in sentence for sentence in problems(text) if text.startswith("gh"))
    assert all(isinstance(sentence, str) and sentence for sentence in problems(text))
