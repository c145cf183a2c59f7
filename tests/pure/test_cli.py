"""The command line: its verbs, how fast it helps, and exit codes for what was mistyped."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ghcr_audit.cli.api import address_of
from ghcr_audit.cli.arguments import parser
from ghcr_audit.cli.main import main

pytestmark = pytest.mark.pure

HELP_WITHIN_S = 0.5
VERBS = ("check", "run", "resume", "report", "history", "diff", "recover", "init", "doctor", "verify", "completion")
TARGET = """\
image = "ghcr.io/acme/shop"
registry_user = "acme"
container = "shop"
[host]
address = "shop.example"
"""


@pytest.fixture
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of targets, used by every verb."""
    monkeypatch.setenv("GHCR_AUDIT_TARGETS", str(tmp_path))
    return tmp_path


def helped(*words: str) -> tuple[subprocess.CompletedProcess[str], float]:
    began = time.monotonic()
    argv = [sys.executable, "-m", "ghcr_audit.cli.main", *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    return done, time.monotonic() - began


def test_help_comes_in_under_half_a_second() -> None:
    tries = [helped("--help") for _ in range(3)]
    assert all(done.returncode == 0 for done, _ in tries)
    assert min(seconds for _, seconds in tries) < HELP_WITHIN_S


def test_help_names_every_verb_and_every_exit_code() -> None:
    done, _ = helped("--help")
    assert all(re.search(rf"^    {verb}\b", done.stdout, re.MULTILINE) for verb in VERBS)
    assert all(f"{code} " in done.stdout.partition("exit codes:")[2] for code in range(7))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args([verb, "--help"])
    assert f"example: ghcr-audit {verb} " in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [[], ["absent"], ["check"], ["check", "shop", "--absent"], ["check", "shop", "--json", "--markdown"]]
)
def test_a_command_line_that_cannot_be_meant_exits_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "usage: ghcr-audit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('image = "ghcr.io/acme/shop', "malformed TOML: "),
        (TARGET + "port = 70000", "host.port: not a port (got 70000, expected 1-65535)"),
        (TARGET + 'port = "22a"', "host.port: not a port (got '22a', expected 1-65535)"),
        (TARGET + "prot = 22", "host.prot: is not a key of a target"),
        (TARGET.replace("container", "# container"), "container: is missing"),
        (TARGET.replace("acme/shop", "Acme/shop"), "image: repository: read: must be lower-case"),
        (TARGET.replace('"shop"', '"--rm"'), "container: must not be empty, begin with '-'"),
        (
            TARGET + 'docker_command = ["sudo", "-n", "-x"]',
            "host.docker_command: the first and the last word are programs",
        ),
        (TARGET + 'docker_command = ["sudo", "docker"]', 'host.docker_command: expected ["docker"] or ["sudo", "-n", '),
        (
            TARGET + 'docker_command = ["docker; id"]',
            "host.docker_command: a word is empty or holds a character other than",
        ),
    ],
)
def test_a_damaged_target_file_is_told_by_file_and_key(
    targets: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    file = targets / "shop.toml"
    file.write_text(text, encoding="utf-8")
    assert main(["check", "shop"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"ghcr-audit: {file}: {told}")


def test_a_file_that_is_no_text_is_told(targets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = targets / "shop.toml"
    file.write_bytes(b"\xff\xfe")
    assert main(["check", str(file)]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"ghcr-audit: {file}: is not UTF-8"


def test_an_unknown_target_is_told_with_the_known_ones(targets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (targets / "shop.toml").write_text(TARGET, encoding="utf-8")
    assert main(["check", "shpo"]) == 2
    assert capsys.readouterr().err.startswith(f"ghcr-audit: target: 'shpo' is not known (known in {targets}: shop)\n  ")


@pytest.mark.parametrize("name", ["../shop", "Shop", "-shop", "shop;id", ""])
def test_a_name_that_is_none_is_refused_before_any_file_is_read(
    targets: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["check", "--", name]) == 2
    assert "is no target name" in capsys.readouterr().err


@pytest.mark.parametrize("tag", ["a b", "$(id)", "x;id", "-rf", "--help", ".hidden", "x" * 129, "a\nb"])
def test_a_tag_that_is_none_never_leaves_this_machine(
    targets: Path, capsys: pytest.CaptureFixture[str], tag: str
) -> None:
    (targets / "shop.toml").write_text(TARGET, encoding="utf-8")
    assert main(["check", "shop", f"--tag={tag}"]) == 2
    assert capsys.readouterr().err.startswith("ghcr-audit: tag: read: not a tag (got ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a b"], "init: not a host (got 'a b', expected USER@HOST[:/path/compose.yml] or local)"),
        (["me@host:compose.yml"], "init: not a path on the host (got 'compose.yml', expected e.g."),
        (["me@host:/srv/../etc"], "init: not a path on the host (got '/srv/../etc', expected e.g."),
        (["me@host", "--port", "70000"], "init: port: Input should be less than or equal to 65535 (got 70000)"),
        (["me@host", "--host-key", "SHA256:short"], "init: host-key: String should match pattern"),
        (["me@host", "--identity-file", "/absent/key"], "init: /absent/key: no such file"),
        (["me@host", "--name", "Shop"], "init: 'Shop.toml' is no name of a target file"),
    ],
)
def test_init_refuses_what_cannot_be_meant_before_it_connects(
    targets: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(["init", *words]) == 2
    said = capsys.readouterr()
    assert (said.out, list(targets.iterdir())) == ("", [])
    assert said.err.startswith(f"ghcr-audit: {told}")


def test_a_port_in_the_place_of_the_path_is_explained(targets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "me@host:2222"]) == 2
    assert capsys.readouterr().err.endswith("  An SSH port is given by --port 2222.\n")


DRILL = ["run", "shop", "--tag", "20260101-000000", "--mode", "drill"]
ALLOWED = 'drill = "allowed"\n' + TARGET + '[deploy]\ndirectory = "/srv/shop"\n'


@pytest.mark.parametrize(
    ("target", "words", "told"),
    [
        (TARGET, DRILL, "shop: drill: is 'forbidden' in the target file"),
        (ALLOWED, [*DRILL[:5], "pull", "--force", "to see"], "mode: rollback_to and force belong to a drill"),
        (ALLOWED, [*DRILL[:5], "observe", "--rollback-to", "20260101-000000"], "mode: rollback_to and force belong to"),
        (ALLOWED, [*DRILL, "--rollback-to", "a b"], "tag: read: not a tag (got 'a b'"),
        (ALLOWED, [*DRILL, "--force", ""], "force: not a reason (got '', expected 1-200 characters in one line)"),
        (ALLOWED, [*DRILL, "--force", " "], "force: not a reason"),
        (ALLOWED, [*DRILL, "--force", "a\nb"], "force: not a reason"),
        (ALLOWED, [*DRILL, "--force", "x" * 201], "force: not a reason"),
        (ALLOWED, [*DRILL, "--force", "password=lab-hunter-22"], "force: holds what looks like a secret (not shown)"),
    ],
)
def test_a_drill_that_cannot_be_meant_is_refused_before_prefect_is_imported(
    targets: Path, capsys: pytest.CaptureFixture[str], target: str, words: list[str], told: str
) -> None:
    (targets / "shop.toml").write_text(target, encoding="utf-8")
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"ghcr-audit: {told}")


def test_recovering_an_unknown_target_names_the_known_ones(targets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recover", "shop"]) == 2
    assert "'shop' is not known" in capsys.readouterr().err


def test_a_sweep_loads_no_ssh_library() -> None:
    program = "import sys, flows.recover; sys.exit('paramiko' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_closed_pipe_ends_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    argv = [sys.executable, "-m", "ghcr_audit.cli.main", "doctor"]
    done = subprocess.run(argv, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_address_is_shown_without_its_password() -> None:
    assert (
        address_of("https://me:labpassword@prefect.example:4200/api?x=labpassword")
        == "https://prefect.example:4200/api"
    )
