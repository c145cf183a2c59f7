"""Ordinary outputs stay as they are, letter by letter: what an audit reads is evidence."""

import base64
from pathlib import Path

import pytest

from ghcr_audit.redaction import Redactor

SHOWN = "not-a-real-lab-password"
SHOWN_ENCODED = base64.b64encode(f"lab:{SHOWN}".encode()).decode()
ROOT = Path(__file__).parents[2]
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

OUTPUTS = {
    "pull": f"""20261123-093000: Pulling from lab/observer
8a1e25ce7c4f: Pull complete
Digest: sha256:{DIGEST}
Status: Downloaded newer image for 127.0.0.1:5000/lab/observer:20261123-093000
""",
    "refused": """Error response from daemon: failed to resolve reference "127.0.0.1:5000/lab/observer:1":
failed to authorize: failed to fetch anonymous token: unexpected status from GET request to
https://127.0.0.1:5000/token?scope=repository%3Alab%2Fobserver%3Apull&service=127.0.0.1%3A5000: 403 Forbidden
denied: requested access to the resource is denied
error from registry: authentication required, auth: \\"not present\\"
WWW-Authenticate: Basic realm="Registry Realm"
no basic auth credentials
Login did not succeed, error: Error response from daemon: Get "https://127.0.0.1:5000/v2/": unauthorized
""",
    "compose": """services:
  observer:
    image: 127.0.0.1:5000/lab/observer:${TAG:-latest}
    environment:
      DB_PASSWORD: ${DB_PASSWORD}
      GHCR_TOKEN: "${GHCR_TOKEN}"
      TOKEN_TTL: "3600"
      API_KEY: ${API_KEY:?must be set}
      MAIL_PASSWORD: ${MAIL_PASSWORD:-}
      PASSWORD_FILE: /run/secrets/db
    secrets: [db]
    healthcheck:
      test: ["CMD", "curl", "-fsS", "http://127.0.0.1:8000/health"]
secrets:
  db:
    file: ./db.txt
""",
    "workflow": """      - uses: docker/login-action@5e57cd118135c172c3672efd75eb46360885c0ef
        with:
          registry: ghcr.io
          username: ${{ github.actor }}
          password: ${{ secrets.GITHUB_TOKEN }}
  registry: ghcr.io
  username: acme-bot
  password: ***
Run echo "$GHCR_TOKEN" | docker login ghcr.io -u acme-bot --password-stdin
""",
    "inspect": f"""[{{"Id":"sha256:{DIGEST}","Created":"2026-11-23T05:39:04.123456789Z","Path":"python",
"Args":["-m","observer"],"HostConfig":{{"SecurityOpt":null,"PortBindings":{{"8000/tcp":[{{"HostIp":"","HostPort":"8000"}}]}}}},
"Config":{{"Hostname":"8a1e25ce7c4f","Env":["PATH=/usr/bin:/bin","PWD=/app","LOG_LEVEL=info"],
"Labels":{{"com.docker.compose.config-hash":"{DIGEST}","com.docker.compose.oneoff":"False"}}}},
"NetworkSettings":{{"SandboxKey":"/var/run/docker/netns/8a1e25ce7c4f","MacAddress":"02:42:ac:11:00:02"}}}}]
""",
    "ssh": """debug1: Host '127.0.0.1' is known and matches the ED25519 host key.
debug1: Authentications that can continue: publickey,password
debug1: Offering public key: /home/lab/id ED25519 SHA256:PctM7hzeaMNUY1XZViDEa7moPsNbQnIWjNKmbhSChvY explicit
debug1: Next authentication method: password
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII8g8Kx4q6Y/ZpS5SpwYjFWR0oqU/ds4E/EX5v9vX+3V lab@lab
lab@127.0.0.1: Permission denied (publickey,password).
""",
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ0xhYkxhYkxhYg==\n-----END CERTIFICATE-----\n",
    "git": f"""origin\tgit@github.com:lab/observer.git (fetch)
origin\thttps://github.com/lab/observer.git (push)
{DIGEST[:40]} refs/tags/20261123-093000
 src/auth/token.py      |   4 ++--
 docs/password-reset.md |  12 ++++++++++++
fatal: could not read Username for 'https://github.com': terminal prompts disabled
""",
    "checksums": f"""{DIGEST}  observer.tar.gz
5d41402abc4b2a76b9719d911017c592 *a
sha512-AbC0+/x==
d4376b20-6567-4c93-99d5-8e89460197d4
""",
    "log": """level=info msg="authorization ok" user=lab method=basic key=cache:12 token_ttl=3600 auth=none
INFO: 127.0.0.1:50412 - "POST /login HTTP/1.1" 303 See Other
{"level":"warn","msg":"bearer token expired","caller":"auth/session.go:12","key":"user:7","token_type":"bearer"}
""",
}


@pytest.mark.parametrize("name", list(OUTPUTS))
def test_an_ordinary_output_stays_as_it_is(name: str) -> None:
    redactor = Redactor()
    redactor.learn("ghp_" + "lab0" * 9, "ghcr-token", user="acme-bot")
    assert redactor.redact(OUTPUTS[name]) == OUTPUTS[name]


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_our_own_documents_hold_nothing_that_looks_like_a_secret(path: Path) -> None:
    """But for the one that shows what `lint` and `redact` find."""
    text = path.read_text()
    expected = text.replace(SHOWN_ENCODED, "[secret#1]").replace(f"-p {SHOWN}", "-p [password#1]")
    assert Redactor().redact(text) == expected
