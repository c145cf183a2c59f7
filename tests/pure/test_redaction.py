"""Redaction: no form of a secret survives, ordinary text does, and hostile text costs linear time."""

import base64
import html
import json
import logging
import pickle
import re
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ghcr_audit.redaction import SHORTEST_LEARNED, RedactingFilter, Redactor, current_redactor
from ghcr_audit.redaction.gates import Window
from ghcr_audit.redaction.shapes import SHAPES, shape_spans

TOKEN = "ghp_" + "lab0" * 9
STATELESS = "ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJsYWIifQ.bGFiLXNpZ25hdHVyZS1sYWI"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJsYWIifQ.bGFi-bGFi_bGFi"
BASIC = base64.b64encode(b"labdeploy:lab-pass").decode()
PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nbGFibGFibGFibGFibGFibGFi\nbGFibGFi=\n-----END OPENSSH PRIVATE KEY-----"
ORDINARY = Path(__file__).with_name("ordinary_outputs.txt")

ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "url": lambda value: quote(value, safe=""),
    "url, slash kept": quote,
    "form": quote_plus,
    "json": json.dumps,
    "json, no ascii": lambda value: json.dumps(value, ensure_ascii=False),
    "json in json": lambda value: json.dumps(json.dumps({"text": value})),
    "html": html.escape,
    "shell": shlex.quote,
    "repr": repr,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"pulled with {TOKEN}.", "pulled with [github-token#1]."),
        (f"x{TOKEN}", "x[github-token#1]"),
        ("github_pat_11LAB0000_lab0lab0lab0lab0", "[github-token#1]"),
        (f"token {STATELESS}. Next", "token [github-token#1]. Next"),
        (f"blob {base64.b64encode(TOKEN.encode()).decode()} end", "blob [github-token#1] end"),
        (f'{{"t":"a\\n{JWT}"}}', '{"t":"a\\n[jwt#1]"}'),
        (f"key:\n{PEM}\nnext", "key:\n[private-key#1]\nnext"),
        (json.dumps({"key": PEM, "x": 1}), '{"key": "[private-key#1]", "x": 1}'),
        (f"Authorization: Basic {BASIC}", "Authorization: Basic [authorization#1]"),
        (f"sent Basic {BASIC} twice", "sent Basic [authorization#1] twice"),
        ("-H 'Authorization: token lab0lab0'", "-H 'Authorization: token [authorization#1]'"),
        ("Authorization:[Bearer lab0lab0]", "Authorization:[Bearer [authorization#1]]"),
        ('{"auths":{"ghcr.io":{"auth":"bGFi"}}}', '{"auths":{"ghcr.io":{"auth":"[secret#1]"}}}'),
        (r'"{\"identitytoken\":\"la\\\"b\",\"a\":1}"', r'"{\"identitytoken\":\"[secret#1]\",\"a\":1}"'),
        ("{'password': 'lab pass', 'x': 1}", "{'password': '[secret#1]', 'x': 1}"),
        ('{"registrytoken" : "lab" , "secret":"lab"}', '{"registrytoken" : "[secret#1]" , "secret":"[secret#1]"}'),
        (
            "ghcr.io:\n  password: lab pass\n  auth: bGFibGFi\n",
            "ghcr.io:\n  password: [secret#1]\n  auth: [secret#2]\n",
        ),
        ("https://lab:p@ss@ghcr.io/v2/", "https://lab:[password#1]@ghcr.io/v2/"),
        ("docker login -u lab -p lab0 ghcr.io", "docker login -u lab -p [password#1] ghcr.io"),
        ("docker login --password='la b' ghcr.io", "docker login --password=[password#1] ghcr.io"),
        ("['docker', 'login', '-p', 'la b']", "['docker', 'login', '-p', '[password#1]']"),
        ("curl -sS -u lab:lab0 https://ghcr.io/token", "curl -sS -u lab:[password#1] https://ghcr.io/token"),
        ("PGPASSWORD=lab0 psql -h db", "PGPASSWORD=[secret#1] psql -h db"),
        ('["A=1","DB_PASSWORD=la b,c","B=2"]', '["A=1","DB_PASSWORD=[secret#1]","B=2"]'),
        ("export GHCR_TOKEN='la'\"'\"'b'; x", "export GHCR_TOKEN=[secret#1] x"),
        ("https://blob/x?se=1&sig=lab%2B&x=1", "https://blob/x?se=1&sig=[secret#1]&x=1"),
        ("id AKIALAB0LAB0LAB0LAB0", "id [aws-key#1]"),
    ],
)
def test_a_secret_is_recognised_by_its_form(text: str, expected: str) -> None:
    assert Redactor().redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'Www-Authenticate: Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
        '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
        "unexpected status from HEAD request to https://ghcr.io/v2/lab/observer/manifests/1: 403 Forbidden",
        "ghcr.io/lab/observer@sha256:" + "0123456789abcdef" * 4,
        "WARNING! Using --password via the CLI is insecure. Use --password-stdin.",
        "docker run -p 8000:8000 --secret id=db,src=db.txt --user 1000:1000 x",
        "basic authentication failed, bearer token is invalid, token: expired",
        'curl -H "Authorization: Bearer $TOKEN" -u lab:$CR_PAT https://ghcr.io',
        "GHCR_TOKEN=${GHCR_TOKEN}\npassword: ${{ secrets.DB_PASSWORD }}\nsecrets:\n  db:\n    file: db.txt",
        "ssh://git@github.com/lab/observer.git http://127.0.0.1:5000/v2/ token_ttl: 3600",
    ],
)
def test_words_about_credentials_stay_as_they_are(text: str) -> None:
    assert Redactor().redact(text) == text


def test_recorded_outputs_of_git_ssh_and_docker_stay_as_they_are() -> None:
    ordinary = ORDINARY.read_text()
    redactor = Redactor()
    redactor.learn(TOKEN, "ghcr-token", user="labdeploy")
    assert len(ordinary.splitlines()) > 90
    assert redactor.redact(ordinary) == ordinary


def test_each_encoding_of_a_known_value_has_one_placeholder() -> None:
    redactor = Redactor()
    assert redactor.learn(TOKEN, "ghcr-token", user="labdeploy")
    pair = base64.b64encode(f"labdeploy:{TOKEN}".encode()).decode()
    config = f'{{"auths":{{"ghcr.io":{{"auth":"{pair}"}}}}}} {TOKEN} Basic {pair} GHCR_TOKEN={TOKEN}'
    assert redactor.redact(config) == (
        '{"auths":{"ghcr.io":{"auth":"[ghcr-token#1]"}}} [ghcr-token#1] Basic [ghcr-token#1] GHCR_TOKEN=[ghcr-token#1]'
    )


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_an_awkward_secret_is_found_in_each_quoting(encoding: str) -> None:
    redactor = Redactor()
    awkward = 'l&b "p\'ss" <wörd>/+%\\'
    redactor.learn(awkward, "password")
    assert "[password#1]" in redactor.redact(f"got {ENCODINGS[encoding](awkward)} end")


def test_equal_secrets_have_equal_numbers_and_others_the_next() -> None:
    redactor = Redactor()
    assert redactor.redact("A_TOKEN=lab0 B_TOKEN=lab1") == "A_TOKEN=[secret#1] B_TOKEN=[secret#2]"
    assert redactor.redact("C_TOKEN=lab1") == "C_TOKEN=[secret#2]"


def test_redacting_twice_changes_nothing_more() -> None:
    redactor = Redactor()
    text = f'A_TOKEN={TOKEN} {PEM} docker login -p \'la b\' x\npassword: lab\n"auth": "bGFi" Authorization: Basic lab'
    once = redactor.redact(text)
    assert redactor.redact(once) == once


def test_a_short_value_is_not_learned() -> None:
    redactor = Redactor()
    assert not redactor.learn("x" * (SHORTEST_LEARNED - 1) + "\n", "password")
    assert redactor.redact("xxxxx") == "xxxxx"
    assert redactor.learn("x" * SHORTEST_LEARNED, "password")
    assert redactor.redact("xxxxxx") == "[password#1]"


def test_each_line_of_a_learned_key_is_known() -> None:
    redactor = Redactor()
    redactor.learn(PEM, "ssh-key")
    assert redactor.redact("2026 | bGFibGFibGFibGFibGFibGFi |") == "2026 | [ssh-key#1] |"


def test_a_kind_that_could_be_markup_is_refused_without_naming_the_secret() -> None:
    with pytest.raises(ValueError, match="lower-case words") as refused:
        Redactor().learn(TOKEN, "[x](y)")
    assert TOKEN not in str(refused.value)


def test_a_redactor_shows_nothing_and_cannot_be_pickled() -> None:
    redactor = Redactor()
    redactor.learn(TOKEN, "ghcr-token")
    assert TOKEN not in repr(redactor)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(redactor)


characters = st.one_of(st.characters(codec="ascii"), st.characters(codec="utf-8"))
secrets = st.text(characters, min_size=SHORTEST_LEARNED, max_size=60).filter(
    lambda secret: len(secret.strip("\r\n")) >= SHORTEST_LEARNED
)


@given(
    secret=secrets, before=st.text(max_size=20), after=st.text(max_size=20), encoding=st.sampled_from(list(ENCODINGS))
)
def test_a_known_secret_survives_in_no_quoting(secret: str, before: str, after: str, encoding: str) -> None:
    encoded = ENCODINGS[encoding](secret.strip("\r\n"))
    assume(encoded not in before + after and encoded not in "[known#1]")
    redactor = Redactor()
    assert redactor.learn(secret, "known")
    redacted = redactor.redact(before + encoded + after)
    assert "[known#1]" in redacted
    assert encoded not in redacted.replace("[known#1]", "\0")


@given(
    secret=secrets,
    before=st.binary(max_size=9),
    after=st.binary(max_size=9),
    encode=st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_a_known_secret_survives_in_no_base64(
    secret: str, before: bytes, after: bytes, encode: Callable[[bytes], bytes]
) -> None:
    value = secret.strip("\r\n").encode("utf-8", "surrogatepass")
    redactor = Redactor()
    assert redactor.learn(secret, "known")
    redacted = redactor.redact(f"auth {encode(before + value + after).decode()} end")
    assert "[known#1]" in redacted
    assert not any(value in decoded for decoded in _decoded(redacted))


@given(user=st.text(min_size=1, max_size=12), secret=secrets)
def test_a_known_pair_leaves_nothing_of_its_base64(user: str, secret: str) -> None:
    value = secret.strip("\r\n")
    pair = base64.b64encode(f"{user}:{value}".encode("utf-8", "surrogatepass")).decode()
    redactor = Redactor()
    redactor.learn(secret, "known", user=user)
    assert redactor.redact(f"<{pair}>") == "<[known#1]>"


@given(st.text(max_size=300))
def test_any_text_is_redacted_without_error(text: str) -> None:
    redacted = Redactor().redact(text)
    assert redacted == text or re.search(r"\[[a-z-]+#1\]", redacted)


HOSTILE = (
    "a",
    "\\",
    '"',
    '\\"',
    "\n",
    "ghp_",
    "Z2hwX",
    "ghs_aaaaaaaaaaaaaaa.",
    "eyJ",
    "eyJa.",
    "eyJaaaaaaaaaa.eyJ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIE",
    "://",
    "://a:",
    "://:a@",
    "a@",
    "Bearer ",
    "Basic AAAA",
    "authorization:",
    "Authorization: Basic ",
    '"token":"',
    '\\"token\\":\\"',
    "'token':",
    '"auth":\\\\\\',
    "\npassword: ",
    "\\n token: ",
    "TOKEN=",
    'TOKEN="',
    'TOKEN="\\',
    "TOKEN='",
    'A_TOKEN="\\"',
    "docker ",
    "docker login -p ",
    "curl ",
    "--password=",
)


KNOWN_PART = TOKEN[:8]
LEAKS = (
    f"pulled with {TOKEN}.",
    "github_pat_11LAB0000_lab0lab0lab0lab0",
    f"blob {base64.b64encode(TOKEN.encode()).decode()} end",
    f"Authorization: Basic {BASIC}",
    f"Basic {BASIC}",
    "Authorization:\n Bearer lab0lab0",
    '"auth":\n "bGFi"',
    r"\"identitytoken\":\"lab\"",
    "'password': 'lab pass'",
    "\nghcr.io:\n  password: lab pass\n  auth: bGFibGFi\n",
    "\nauth: >-\n  bGFibGFi\n",
    "https://lab:p@ss@ghcr.io/v2/",
    "docker login -u lab -p lab0 ghcr.io",
    "['docker', 'login', '-p', 'la b']",
    "curl -sS -u lab:lab0 https://ghcr.io/token",
    "PGPASSWORD=lab0 psql -h db",
    '"DB_PASSWORD=la b,c"',
    "?se=1&sig=lab%2B&x=1",
    "id AKIALAB0LAB0LAB0LAB0",
    "sshpass -p lab0 ssh",
    "{password: lab0lab0}",
    "password = 'lab'",
    "--password= ghs_lab0lab0lab0lab0lab0lab0lab0.",
)
"""One of each kind of leak, to be put together in any order."""


@pytest.mark.parametrize("seed", HOSTILE)
def test_hostile_text_costs_linear_time(seed: str) -> None:
    small, large = (min(_seconds_for(_hostile(seed, size)) for _ in range(2)) for size in (30_000, 240_000))
    assert large < 8 * 3 * max(small, 0.01), f"{seed!r}: {small:.3f} s, then {large:.3f} s for eight times as much"


fragments = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=4), st.sampled_from([KNOWN_PART, TOKEN, "\n", " ", "="])
)


@settings(deadline=None, max_examples=8)
@given(st.lists(fragments, min_size=1, max_size=5).map("".join).filter(bool))
def test_twice_the_hostile_text_costs_about_twice_the_time(seed: str) -> None:
    """The best of several turns, since other processes disturb; a matcher that backtracks needs four times as much."""
    texts = [_hostile(seed, size) for size in (50_000, 100_000)]
    turns = [[_seconds_for(text) for text in texts] for _ in range(5)]
    small, large = (min(times) for times in zip(*turns, strict=True))
    assert large < 3 * max(small, 0.01), f"{seed!r}: {small:.3f} s, then {large:.3f} s"


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(fragments, st.sampled_from(LEAKS)), max_size=12).map("".join))
def test_the_gate_hides_nothing_that_the_patterns_alone_would_find(text: str) -> None:
    whole = Window(start=0, end=len(text))
    alone = {(span.start, span.end) for row in SHAPES for span in row.spans(text, whole)}
    assert alone <= {(span.start, span.end) for _, span in shape_spans(text)}


@pytest.mark.parametrize("text", LEAKS)
def test_a_secret_far_inside_a_long_line_is_found(text: str) -> None:
    filler = "lorem ipsum " * 2000
    alone = Redactor().redact(f"x {text}").removeprefix("x")
    assert Redactor().redact(f"{filler} {text}\n{filler}") == f"{filler}{alone}\n{filler}"


def test_a_secret_longer_than_what_is_looked_at_first_is_found_whole() -> None:
    text = f'{{"a": "x", "password": "{"lab0 " * 9000}", "b": "y"}}'
    assert Redactor().redact(text) == '{"a": "x", "password": "[secret#1]", "b": "y"}'


def test_a_megabyte_of_everything_hostile_takes_seconds() -> None:
    mixed = "".join(HOSTILE)
    assert _seconds_for(_hostile(mixed, 1_000_000)) < 15


def test_a_log_record_loses_secrets_in_message_arguments_exception_and_extras() -> None:
    redactor = Redactor()
    redactor.learn("lab secret one", "password")
    record = _failed_record("login %s with %r", ("lab", {"p": "lab secret one"}), detail="lab secret one")
    assert RedactingFilter(redactor).filter(record)
    shown = logging.Formatter("%(message)s %(detail)s").format(record)
    assert shown.startswith("login lab with {'p': '[password#1]'} [password#1]\nRuntimeError")
    assert shown.endswith("RuntimeError: refused [password#1]")
    assert "lab secret one" not in repr(vars(record))


def test_a_log_record_whose_arguments_do_not_fit_is_still_redacted() -> None:
    record = logging.makeLogRecord({"msg": "%d", "args": (f"A_TOKEN={TOKEN}",)})
    RedactingFilter(Redactor()).filter(record)
    assert record.getMessage() == "%d ('A_TOKEN=[github-token#1]',)"


def test_the_process_has_one_redactor() -> None:
    assert current_redactor() is current_redactor()


def _failed_record(msg: str, args: tuple[object, ...], detail: str) -> logging.LogRecord:
    error = RuntimeError(f"refused {detail}")
    failure = (RuntimeError, error, None)
    return logging.makeLogRecord({"msg": msg, "args": args, "exc_info": failure, "detail": detail})


def _hostile(seed: str, size: int) -> str:
    """The seed over and over, with every hint in front so that each pattern is tried."""
    hints = " ".join(hint for shape in SHAPES for hint in shape.hints)
    return f"{hints}\n{seed * (size // len(seed))}"


def _seconds_for(text: str) -> float:
    redactor = Redactor()
    redactor.learn(TOKEN, "ghcr-token", user="labdeploy")
    start = time.process_time()
    redactor.redact(text)
    return time.process_time() - start


def _decoded(text: str) -> Iterator[bytes]:
    """What anybody could decode from the text: each run of Base64 characters, from each of four starts."""
    for run in re.findall(r"[A-Za-z0-9+/_-]+", text):
        for start in range(4):
            aligned = run[start:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(aligned[: len(aligned) // 4 * 4])
