"""Tokens of many makers show by their form; what only looks a little like them stays."""

import base64
import json

import pytest

from ghcr_audit.redaction import Redactor

CODED = "lab0Lab1lab2Lab3lab4Lab5lab6Lab7lab8Lab9"
HEXED = "1ab01ab1" * 8


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("dckr_pat_" + CODED[:27], "registry-token"),
        ("glpat-" + CODED[:20], "gitlab-token"),
        ("glrt-" + CODED[:20], "gitlab-token"),
        ("AKIALAB0LAB0LAB0LAB0", "aws-key"),
        ("AIza" + CODED[:35], "google-key"),
        ("ya29." + CODED, "google-token"),
        ("xoxb-123456789012-" + CODED[:24], "slack-token"),
        ("xapp-1-LAB0LAB0-" + CODED[:24], "slack-token"),
        ("sk_live_" + CODED[:24], "stripe-key"),
        ("whsec_" + CODED[:32], "stripe-key"),
        ("SG." + CODED[:22] + "." + (CODED * 2)[:43], "sendgrid-key"),
        ("npm_" + CODED[:36], "npm-token"),
        ("pypi-AgEIcHlwaS5vcmc" + CODED, "pypi-token"),
        ("hf_" + CODED[:34], "huggingface-token"),
        ("sk-" + CODED, "api-key"),
        ("sk-proj-" + CODED, "api-key"),
        ("SK" + HEXED[:32], "twilio-key"),
        ("123456789:AA" + CODED[:33], "telegram-token"),
        ("hvs." + CODED, "vault-token"),
        ("dop_v1_" + HEXED, "digitalocean-token"),
        ("sntrys_" + CODED + "=", "sentry-token"),
        ("glsa_" + CODED[:32] + "_1ab01ab0", "grafana-token"),
        ("AGE-SECRET-KEY-1" + ("LAB0" * 15)[:58], "age-key"),
    ],
)
def test_a_token_of_another_maker_is_recognised(token: str, kind: str) -> None:
    for text in ("{}", "got {} end", '{{"x":"{}"}}', "a: '{}'", "a\n{}\nb", "({})."):
        redacted = Redactor().redact(text.format(token))
        assert redacted == text.format(f"[{kind}#1]"), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"https://hooks.slack.com/services/{CODED}", "https://hooks.slack.com/services/[webhook#1]"),
        (
            f"https://discord.com/api/webhooks/123456789012345678/{CODED}",
            "https://discord.com/api/webhooks/123456789012345678/[webhook#1]",
        ),
        (f"https://{HEXED[:32]}@o1.ingest.test/42", "https://[password#1]@o1.ingest.test/42"),
        ("postgres://lab:la0b@127.0.0.1:5432/db", "postgres://lab:[password#1]@127.0.0.1:5432/db"),
        (
            "Server=127.0.0.1;User=lab;Password=la b;Database=x",
            "Server=127.0.0.1;User=lab;Password=[secret#1] b;Database=x",
        ),
        ("Server=127.0.0.1;Uid=lab;Pwd=lab0;", "Server=127.0.0.1;Uid=lab;Pwd=[secret#1];"),
        (
            "DefaultEndpointsProtocol=https;AccountName=lab;AccountKey=bGFibGFi==;EndpointSuffix=x",
            "DefaultEndpointsProtocol=https;AccountName=lab;AccountKey=[secret#1];EndpointSuffix=x",
        ),
        ("/x?X-Amz-Date=1&X-Amz-Signature=1ab01ab0&y=1", "/x?X-Amz-Date=1&X-Amz-Signature=[secret#1]&y=1"),
        ("/x?X-Goog-Signature=1ab01ab0", "/x?X-Goog-Signature=[secret#1]"),
        ("/x?X-Amz-Security-Token=lab%2B0&y=1", "/x?X-Amz-Security-Token=[secret#1]&y=1"),
        (r"/x?se=1\u0026sig=lab%2B\u0026sp=r", r"/x?se=1\u0026sig=[secret#1]\u0026sp=r"),
        ("DB_PASSWORD: ${DB_PASSWORD:-lab0}", "DB_PASSWORD: [secret#1]"),
        ('auth = "bGFi"', 'auth = "[secret#1]"'),
        (
            "hosts = { auth = \"bGFi\", identitytoken = 'lab0' }",
            "hosts = { auth = \"[secret#1]\", identitytoken = '[secret#2]' }",
        ),
        ("DockerAuth(username='lab', password='lab0')", "DockerAuth(username='lab', password=[secret#1])"),
        ("{'ghcr.io': {'auth': 'bGFi'}}", "{'ghcr.io': {'auth': '[secret#1]'}}"),
        ("ghcr.io: {username: lab, password: lab0lab0}", "ghcr.io: {username: lab, password: [secret#1]}"),
        ("  auth: >-\n    bGFibGFi\n  x: 1", "  auth: >-\n    [secret#1]\n  x: 1"),
        ("  identitytoken: |\n    bGFibGFi\n", "  identitytoken: |\n    [secret#1]\n"),
        ('"auth":\n    "bGFi"', '"auth":\n    "[secret#1]"'),
        ("Authorization: Basic\n bGFiOmxhYjA=", "Authorization: Basic\n [authorization#1]"),
    ],
)
def test_a_secret_is_recognised_by_what_stands_around_it(text: str, expected: str) -> None:
    assert Redactor().redact(text) == expected


def test_the_private_key_in_a_service_account_is_recognised() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join([CODED] * 20) + "\n-----END PRIVATE KEY-----\n"
    document = json.dumps(
        {"type": "service_account", "private_key_id": "1ab0", "private_key": key, "project_id": "lab"}
    )
    redacted = Redactor().redact(document)
    assert CODED not in redacted
    assert json.loads(redacted)["project_id"] == "lab"


def test_a_right_checksum_is_certain_and_a_wrong_one_is_redacted_all_the_same() -> None:
    right, wrong = "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", "ghp_" + "lab0" * 9
    hits = Redactor().find(f"{right} {wrong}")
    assert [(hit.kind, hit.certain) for hit in hits] == [("github-token", True), ("github-token", False)]


def test_a_field_is_no_certainty_and_a_key_is() -> None:
    redactor = Redactor()
    redactor.learn("lab secret", "password")
    hits = redactor.find('"auth": "bGFi" lab secret AKIALAB0LAB0LAB0LAB0')
    assert [(hit.kind, hit.certain) for hit in hits] == [("secret", False), ("password", True), ("aws-key", True)]


@pytest.mark.parametrize(
    "text",
    [
        "task-sk-learn-models-are-in-this-folder disk-usage sk-learn",
        "npm_config_cache=/tmp npm_lifecycle_event=build hf_hub_download pypi-server",
        "SG.md hvs.txt glc_ gl(at) xoxo-hugs eyJ eyJhbGciOiJSUzI1NiJ9",
        "https://discord.com/channels/1 https://hooks.slack.com/ 12:AA 10:AAAA",
        'signature=${SIGNATURE} auth = "${AUTH}" {password: ${DB_PASSWORD}}',
        "compute: {auth: none, token: expired, secret: file}",
        "Pwd is /srv/shop; cwd=/srv pwd=/srv OLDPWD=/",
    ],
)
def test_names_that_resemble_tokens_stay(text: str) -> None:
    assert Redactor().redact(text) == text


@pytest.mark.parametrize("columns", [20, 64, 76])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n    ", "\\n"])
def test_base64_of_a_known_value_is_found_though_lines_break_in_it(columns: int, newline: str) -> None:
    redactor = Redactor()
    secret = "lab-secret-" + CODED
    redactor.learn(secret, "ghcr-token", user="lab")
    config = json.dumps({"auths": {"ghcr.io": {"auth": base64.b64encode(f"lab:{secret}".encode()).decode()}}})
    for plain in (f"before {secret} after", config):
        encoded = base64.b64encode(plain.encode()).decode()
        wrapped = newline.join(encoded[at : at + columns] for at in range(0, len(encoded), columns))
        redacted = redactor.redact(wrapped)
        assert "[ghcr-token#1]" in redacted
        assert secret not in _decoded(redacted.replace(newline, ""))


@pytest.mark.parametrize("at", range(1, 24, 3))
def test_a_known_value_is_found_though_a_terminal_wraps_it(at: int) -> None:
    redactor = Redactor()
    secret = "lab secret of 24 letters"
    redactor.learn(secret, "password")
    assert redactor.redact(f"a {secret[:at]}\n{secret[at:]} b") == "a [password#1] b"


def _decoded(text: str) -> str:
    """What Base64 gives back, decoded once and, where that holds Base64 again, twice."""
    once = b"".join(base64.b64decode(part[: len(part) // 4 * 4]) for part in text.split("[ghcr-token#1]"))
    return once.decode("latin-1")
