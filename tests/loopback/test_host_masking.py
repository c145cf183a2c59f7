"""What a host has stored never leaves it: masked there, in every encoding, before anything is sent."""

import base64
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.commands import Command
from ghcr_audit.redaction.forms import forms_of
from tests.loopback.host_tools import (
    REGISTRY,
    Cell,
    masked_by_host,
    said,
    store,
    write_config,
)

pytestmark = pytest.mark.loopback


def test_stored_values_are_masked_in_every_output(host: LocalHost, home: Path) -> None:
    password, identity = "ghp_lab/Plus+Masked=00000000000000000", "lab-identity<&>token-0123456789"
    entry = {"auth": base64.b64encode(f"acme-bot:{password}".encode()).decode(), "identitytoken": identity}
    go_escaped = json.dumps({"auths": {REGISTRY: entry}}).replace("<", "\\u003c").replace("&", "\\u0026")
    config = write_config(home, go_escaped.replace(">", "\\u003e"))
    leak = home / "leak"
    leak.write_text("\n".join([*forms_of(password, "acme-bot"), *forms_of(identity), "innocent"]))
    seen = masked_by_host(
        host,
        Command(key="config", argv=("cat", str(config))),
        Command(key="forms", argv=("cat", str(leak))),
        Command(key="error", argv=("sh", "-c", f"echo token={password} >&2")),
    )
    assert survivors(said(seen), password, identity) == []
    assert seen["error"].stderr == "token=[host-credential#1]\n"
    assert "innocent" in seen["forms"].stdout


def survivors(text: str, *secrets: str) -> list[str]:
    """The forms in which a secret still stands in a text: independent of how the host looks for them."""
    return [form for secret in secrets for form in encodings(secret) if form in text]


def encodings(secret: str) -> Iterator[str]:
    """Raw, Base64 at three offsets in both alphabets, percent-encoded and as JSON writes it."""
    raw = secret.encode()
    yield secret
    for before in range(3):
        certain = slice(-(-8 * before // 6), 8 * (before + len(raw)) // 6)
        yield base64.b64encode(bytes(before) + raw).decode()[certain]
        yield base64.urlsafe_b64encode(bytes(before) + raw).decode()[certain]
    yield from (quote(raw, safe=""), quote(raw))
    yield "".join(sign if len(quote(sign, safe="")) == 1 else quote(sign, safe="").lower() for sign in secret)
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


PASSWORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=8, max_size=60
).filter(lambda text: text.strip() == text and len(set(text)) > 4)
USERS = st.text("abcdefgh-0123456789", min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(USERS, PASSWORDS), min_size=1, max_size=3), ascii_only=st.booleans())
def test_no_random_credential_survives_in_any_encoding(
    local: LocalHost, home: Path, pairs: list[tuple[str, str]], ascii_only: bool
) -> None:
    config = store(home, *pairs)
    document = json.loads(config.read_text())
    document["auths"]["other"] = {"password": pairs[0][1], "identitytoken": pairs[-1][1][::-1]}
    config.write_text(json.dumps(document, ensure_ascii=ascii_only))
    secrets = [password for _, password in pairs] + [pairs[-1][1][::-1]]
    leak = home / "leak"
    leak.write_text("\n".join(form for secret in secrets for form in encodings(secret)))
    seen = masked_by_host(
        local, Command(key="config", argv=("cat", str(config))), Command(key="leak", argv=("cat", str(leak)))
    )
    assert survivors(said(seen), *secrets) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3000), with_masks=st.booleans())
def test_what_holds_no_secret_comes_back_byte_for_byte(
    local: LocalHost, home: Path, data: bytes, with_masks: bool
) -> None:
    shutil.rmtree(home / ".docker", ignore_errors=True)
    if with_masks:
        store(home, ("lab", "ghp_labUnrelated000000000000000000000"))
    (home / "data").write_bytes(data)
    seen = masked_by_host(local, Command(key="data", argv=("cat", str(home / "data"))))
    expected = data.replace(b"\0", b"") if with_masks else data
    assert seen["data"].stdout == expected.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "text",
    [
        '{"auths": {"a": {"auth": "%s"',
        '{"auths": {"a": {"auth":\n\t"%s"}}} trailing',
        'not json at all "auth" : "%s" {{{ ',
        '{"auths":{"a":{"auth":"%s","email":"\\ud800"}}',
    ],
)
def test_a_damaged_config_is_masked_all_the_same(host: LocalHost, home: Path, text: str) -> None:
    password = "ghp_labDamaged00000000000000000000000"
    pair = base64.b64encode(f"lab:{password}".encode()).decode()
    config = write_config(home, text.replace("%s", pair))
    seen = masked_by_host(host, Command(key="c", argv=("sh", "-c", f"cat {config}; echo; echo {password}")))
    assert password not in said(seen) and pair not in said(seen)


def test_docker_config_names_another_folder(local: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = "ghp_labElsewhere000000000000000000000"
    store(home, ("lab", password))
    (home / ".docker").rename(home / "elsewhere")
    monkeypatch.setenv("DOCKER_CONFIG", str(home / "elsewhere"))
    assert password not in said(masked_by_host(local, Command(key="c", argv=("echo", password))))


def test_a_password_of_several_lines_is_masked_line_by_line(host: LocalHost, home: Path) -> None:
    """Some registries take a whole key file in JSON as password."""
    line = '  "private_key": "lab-key-0123456789abcdef",'
    config = store(home, ("_json_key", "{\n" + line + "\n}"))
    leak = home / "leak"
    leak.write_text(f"before\n{line}\nafter\n")
    text = f"cat {leak} {config}; base64 {leak} >/dev/null"
    seen = masked_by_host(host, Command(key="c", argv=("sh", "-c", text)))
    assert "lab-key-0123456789abcdef" not in said(seen)
    assert "before\n" in seen["c"].stdout and "after\n" in seen["c"].stdout


def helper(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("settings_of", [{"credsStore": "lab"}, {"credHelpers": {REGISTRY: "lab"}}])
def test_what_a_credential_helper_holds_is_masked(
    host: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch, settings_of: dict[str, object]
) -> None:
    password = "ghp_labHelper0000000000000000000000000"
    answer = json.dumps({"ServerURL": REGISTRY, "Username": "lab", "Secret": password})
    helper(home / "helpers", "lab", f"read -r asked; [ \"$1 $asked\" = 'get {REGISTRY}' ] && echo '{answer}'")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{home / 'helpers'}")
    store(home, **settings_of)
    seen = masked_by_host(host, Command(key="c", argv=("echo", password)))
    assert seen["c"].stdout == "[host-credential#1]\n"


def test_a_helper_that_hangs_or_has_an_evil_name_costs_five_seconds_at_most(
    local: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(home / "helpers", "slow", "sleep 60")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{home / 'helpers'}")
    store(home, credsStore="slow", credHelpers={REGISTRY: f"x; touch {home}/evil"})
    began = time.monotonic()
    assert masked_by_host(local, Command(key="c", argv=("echo", "fine")))["c"].stdout == "fine\n"
    assert time.monotonic() - began < 9
    assert not (home / "evil").exists()


def test_what_root_has_stored_is_masked_under_sudo(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sudo -n docker` reads another user's config, and asks helpers as that user."""
    root_home, password, held = home / "root", "ghp_labRoot00000000000000000000000000", "lab-root-helper-secret"
    root_home.mkdir()
    store(root_home, ("lab", password), credsStore="root")
    helper(home / "bin", "root", f"[ \"$HOME\" = {root_home} ] && echo '{json.dumps({'Secret': held})}'")
    sudo = home / "bin/sudo"
    sudo.write_text(f'#!/bin/sh\nshift\nHOME={root_home} exec "$@"\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
    sudoer = LocalHost(REGISTRY, ("sudo", "-n"))
    seen = masked_by_host(sudoer, Command(key="c", argv=("echo", password, held)))
    assert password not in said(seen) and held not in said(seen)


def test_a_host_with_busybox_alone_keeps_its_secrets(make_cell: Callable[..., Cell]) -> None:
    cell, password = make_cell(), "lab-cell-password-0123456789"
    store(cell.root, ("lab", password))
    seen = cell.run(Command(key="c", argv=("sh", "-c", f"cat /.docker/config.json; echo {password}")))
    assert password not in said(seen)
    assert "[host-credential#1]" in seen["c"].stdout
    assert list((cell.root / "tmp").iterdir()) == []
