"""`lint` as it is called: exit codes, what is printed, and that no secret is."""

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ghcr_audit.cli import lint
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.lint.advice import ADVICE, advice_for
from ghcr_audit.lint.model import LintDocument
from lab.tokens import LabTokens
from tests.pure import lint_reports

pytestmark = pytest.mark.pure


@pytest.fixture
def tokens() -> LabTokens:
    return LabTokens.generate()


def options(*files: Path | str, as_json: bool = False) -> argparse.Namespace:
    return argparse.Namespace(files=[str(file) for file in files], json=as_json)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_leak_is_told_with_its_place_and_where_to_revoke_it(
    tmp_path: Path, tokens: LabTokens, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(
        tmp_path, "old.md", f"# Audit\n\n## Credential\n\nauth: {lint_reports.login(tokens.good)}\n\n{tokens.good}\n"
    )
    assert lint.run(options(file)) == 3
    told = capsys.readouterr().out
    assert told.splitlines()[:5] == [
        f"{file}:5:7: #1 github-classic-pat (ghp_…, 40 characters, valid in form)",
        "    in paragraph, as Base64; section: Credential",
        f"{file}:7:1: #1 github-classic-pat (ghp_…, 40 characters, valid in form)",
        "    in paragraph; section: Credential",
        "    the same as at line 5",
    ]
    assert "Places with a credential: 2, different ones: 1. Revoke them:" in told
    assert "Personal access tokens" in told
    assert "docker logout" in told
    assert "not enough" in " ".join(told.split())
    assert tokens.good[4:14] not in told


def test_reports_without_credentials_end_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [written(tmp_path, name, "# Audit: PASS\n\nToken: [ghcr-token#1]\n") for name in ("a.md", "b.md")]
    assert lint.run(options(*files)) == 0
    assert capsys.readouterr().out == "no credential found in 2 files\n"


def test_the_json_is_the_model_and_holds_no_secret(
    tmp_path: Path, tokens: LabTokens, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "old.md", lint_reports.messy(tokens.good, tokens.gh_oauth))
    assert lint.run(options(file, as_json=True)) == 3
    told = capsys.readouterr().out
    document = LintDocument.model_validate_json(told)
    assert json.loads(told)["schema_version"] == 1
    assert [report.leak_count for report in document.files] == [11]
    assert tokens.good[4:14] not in told
    assert tokens.gh_oauth[4:14] not in told


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"lint: .*none\.md: cannot be read: No such file"):
        lint.run(options(tmp_path / "none.md"))
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        lint.run(options(tmp_path))
    with pytest.raises(ConfigurationError, match="cannot be read: not a file name"):
        lint.run(options("a\0b"))
    assert ConfigurationError.exit_code == 2


def test_a_token_in_a_file_name_is_not_repeated(tmp_path: Path, tokens: LabTokens) -> None:
    with pytest.raises(ConfigurationError) as raised:
        lint.run(options(tmp_path / tokens.good))
    assert tokens.good not in str(raised.value)


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "large.md", b"x" * (lint.MAX_BYTES + 1))
    with pytest.raises(ConfigurationError, match=r"too large \(got more than 16777216 bytes"):
        lint.run(options(file))


def test_bytes_that_are_no_utf_8_are_searched_all_the_same(
    tmp_path: Path, tokens: LabTokens, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "bytes.md", b"# T\xff\0\n\n\xc3" + tokens.good.encode() + b"\xfe\n")
    assert lint.run(options(file)) == 3
    captured = capsys.readouterr()
    assert f"{file}:3:2: #1" in captured.out
    assert "not valid UTF-8 at byte 3" in captured.err


def test_utf_16_is_read(tmp_path: Path, tokens: LabTokens) -> None:
    assert lint.run(options(written(tmp_path, "w.md", f"토큰 {tokens.good}".encode("utf-16")))) == 3


def test_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, tokens: LabTokens, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{tokens.good}\n".encode())))
    assert lint.run(options("-")) == 3
    assert capsys.readouterr().out.startswith("<stdin>:1:1: #1 ")


def test_every_kind_has_advice() -> None:
    assert advice_for("something-new") == "Change it where it was issued, and wherever it is used."
    assert all(text.endswith(".") for text in ADVICE.values())


def test_the_verb_ends_with_3_for_a_leak_and_with_2_for_no_file(tmp_path: Path, tokens: LabTokens) -> None:
    file = written(tmp_path, "old.md", lint_reports.incident_15(tokens.good))
    command = [sys.executable, "-m", "ghcr_audit.cli.main", "lint"]
    found = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False, timeout=60)
    assert (found.returncode, tokens.good in found.stdout + found.stderr) == (3, False)
    missing = subprocess.run([*command, f"{file}x"], capture_output=True, text=True, check=False, timeout=60)
    assert (missing.returncode, "Traceback" in missing.stderr) == (2, False)
