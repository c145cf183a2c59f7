"""Shell completion: verbs, options and targets' names, and nothing that a file's name could make a shell do."""

import subprocess
from pathlib import Path

import pytest

from ghcr_audit.cli.arguments import parser
from ghcr_audit.cli.command import GROUPS
from ghcr_audit.cli.completion import completion
from ghcr_audit.cli.main import main

pytestmark = pytest.mark.pure

_ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
_shtab_ghcr_audit
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two targets, and two files that can be none."""
    folder = tmp_path / "with a blank"
    folder.mkdir()
    for name in ("shop", "shoe-2", "$(touch pwned)", "sh;touch pwned"):
        (folder / f"{name}.toml").touch()
    monkeypatch.setenv("GHCR_AUDIT_TARGETS", str(folder))
    return folder


def offered(tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    script = tmp_path / "completion.bash"
    script.write_text(completion("bash"), encoding="utf-8")
    argv = ["bash", "--norc", "-c", _ASK, "bash", str(script), "ghcr-audit", *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True, cwd=tmp_path)
    return sorted(done.stdout.split("\n")[:-1])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("che",), ["check"]),
        (("check", "sh"), ["shoe-2", "shop"]),
        (("diff", "sho"), ["shoe-2", "shop"]),
        (("run", "shop", "--mode", ""), ["drill", "observe", "pull"]),
        (("check", "shop", "--qu"), ["--quiet"]),
    ],
)
def test_bash_completes_verbs_targets_options_and_their_values(
    targets: Path, tmp_path: Path, words: tuple[str, ...], expected: list[str]
) -> None:
    assert offered(tmp_path, *words) == expected
    assert not (tmp_path / "pwned").exists()


def test_the_targets_are_looked_for_where_the_variable_says_when_tab_is_pressed(
    targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "web.toml").touch()
    script = completion("bash")
    monkeypatch.setenv("GHCR_AUDIT_TARGETS", str(other))
    (tmp_path / "kept.bash").write_text(script, encoding="utf-8")
    argv = ["bash", "--norc", "-c", _ASK, "bash", str(tmp_path / "kept.bash"), "ghcr-audit", "check", ""]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True, cwd=tmp_path)
    assert done.stdout.split("\n")[0] == "web"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_knows_every_verb_and_where_targets_lie(
    shell: str, targets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(verb in text for _, verbs in GROUPS for verb in verbs)
    assert f"'{targets}'" in text


def test_help_lists_every_verb_in_a_group() -> None:
    text = parser().format_help()
    assert "more:" not in text
    assert [title for title, _ in GROUPS] == [line[:-1] for line in text.splitlines() if line[:-1] in dict(GROUPS)]


@pytest.mark.parametrize(("typed", "told"), [("chek", "did you mean check?"), ("xyzzy", "--help lists the verbs")])
def test_a_mistyped_verb_is_told_with_the_one_that_may_be_meant(
    typed: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([typed])
    said = capsys.readouterr().err
    assert f"there is no verb '{typed}'; " in said
    assert told in said


@pytest.mark.parametrize("verb", [verb for _, verbs in GROUPS for verb in verbs])
def test_every_verb_that_is_listed_helps_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args([verb, "--help"])
    assert f"example: ghcr-audit {verb}" in capsys.readouterr().out
