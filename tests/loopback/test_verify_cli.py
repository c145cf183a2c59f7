"""`ghcr-audit verify`: what a person reads who was handed a bundle, and the exit code that a script reads."""

import json
from pathlib import Path

import pytest

from ghcr_audit.cli.main import main
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.verdicts import Verdict
from tests.pure.ledgers import FEW, RUN, audit_of, bundle_of, resumed_bundle
from tests.pure.test_bundle_hostile import member, tar_of

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("signing_key")]


@pytest.fixture(scope="module")
def bundle(signing_key: Path) -> Path:
    path = signing_key.parent / "evidence.tar.gz"
    path.write_bytes(resumed_bundle())
    return path


def test_an_intact_bundle_is_told_with_what_it_does_not_prove(
    bundle: Path, signing_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(bundle), "--key", str(signing_key.with_suffix(".pub"))]) == 0
    out = capsys.readouterr().out
    assert out.startswith("INTACT: every entry, output and report is as it was written")
    assert RUN in out
    assert "entries: 11, passes: 2, head " in out
    assert "reports: 2, each the same" in out
    assert "checked with the key" in out
    assert "It does not prove:" in out
    assert "that the host told the truth" in out
    assert "no key was given" not in out


def test_a_signature_without_a_key_is_said_not_to_be_checked(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(bundle)]) == 0
    out = capsys.readouterr().out
    assert "who signed it: no key was given (--key)" in out
    assert "can be replaced as a whole" in out


def test_another_key_breaks_it(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHCR_AUDIT_SIGNING_KEY", str(tmp_path / "other.key"))
    bundle_of(audit_of("healthy-pulled"))
    assert main(["verify", str(bundle), "--key", str(tmp_path / "other.pub")]) == 3
    assert "made with another key" in capsys.readouterr().out


def test_a_program_reads_the_same_as_json(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(bundle), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["outcome"], found["damages"], found["not_judged"]) == ("intact", [], [])
    assert (found["run"], found["verdict"]) == (RUN, Verdict.PASSED_WITH_WARNINGS.value)
    assert (found["ledger_entries"], found["passes"], found["reports_judged_again"]) == (11, 2, 2)
    assert not found["signature_checked"]
    assert len(found["ledger_head"]) == 64


def test_a_broken_bundle_is_told_in_words(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(bundle.read_bytes()[:-2000])
    assert main(["verify", str(cut)]) == 3
    out = capsys.readouterr().out
    assert out.startswith("BROKEN: this is not the evidence that was written down")
    assert "✗ archive: truncated" in out
    assert main(["verify", str(cut), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert {"subject": "archive", "what": "truncated", "told": "it ends in the middle of a member"} in found["damages"]
    assert found["verdict"] is None


def test_an_unsigned_bundle_is_told_so_and_breaks_where_a_key_is_given(
    tmp_path: Path, signing_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a run that saw no digest, there is nothing that a signature could be about."""
    path = tmp_path / "unsigned.tar.gz"
    path.write_bytes(bundle_of(audit_of("host-unreachable", "host.reached")))
    assert main(["verify", str(path)]) == 0
    out = capsys.readouterr().out
    assert "nobody" in out
    assert "without a signature all of it can be replaced" in out
    assert main(["verify", str(path), "--key", str(signing_key.with_suffix(".pub"))]) == 3
    assert "a key was given, and the bundle is not signed" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"no bundle", b"PK\x03\x04"])
def test_what_is_no_bundle_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evidence.tar.gz"
    if content is not None:
        path.write_bytes(content)
    assert main(["verify", str(path)]) == 2
    error = capsys.readouterr().err
    assert "No such file" in error if content is None else "it is no .tar.gz file" in error


def test_a_file_larger_than_any_bundle_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.tar.gz"
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert main(["verify", str(path)]) == 2
    assert "larger than any bundle" in capsys.readouterr().err


def test_a_key_that_cannot_be_read_is_no_verdict(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(bundle), "--key", str(tmp_path / "none.pub")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_nothing_in_a_bundle_reaches_the_terminal_as_an_escape(
    signing_key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hostile.tar.gz"
    path.write_bytes(tar_of(member("\x1b[2J\x1b]0;owned\x07.md")))
    assert main(["verify", str(path)]) == 3
    assert "\x1b" not in capsys.readouterr().out


def test_the_same_few_observations_are_signed_about_the_digest_that_was_seen(
    signing_key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "few.tar.gz"
    path.write_bytes(bundle_of(audit_of("healthy-pulled", *FEW)))
    assert main(["verify", str(path), "--key", str(signing_key.with_suffix(".pub"))]) == 0
    assert "signed by    SHA256:" in capsys.readouterr().out


TARGET = """
image = "127.0.0.1:1/acme/lab"
registry_user = "lab"
container = "lab"

[host]
address = "127.0.0.1"
port = 1
user = "lab"
"""


def test_check_leaves_a_bundle_of_a_host_that_it_did_not_even_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lab.toml").write_text(TARGET, encoding="utf-8")
    path = tmp_path / "evidence.tar.gz"
    words = ["check", str(tmp_path / "lab.toml"), "--tag", "20260101-000000", "--json"]
    assert main([*words, "--bundle", str(path)]) == Verdict.UNKNOWN.exit_code
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert f"evidence: {path}" in said.err
    assert main(["verify", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["run"], found["verdict"], found["passes"]) == (report["run"], "Unknown", 1)
    assert found["ledger_entries"] == report["integrity"]["entries"] + 1


def test_a_place_where_no_bundle_can_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lab.toml").write_text(TARGET, encoding="utf-8")
    words = ["check", str(tmp_path / "lab.toml"), "--tag", "20260101-000000", "--json"]
    assert main([*words, "--bundle", str(tmp_path / "no" / "place")]) == ConfigurationError.exit_code
    assert "ghcr-audit: --bundle: there is no folder for " in capsys.readouterr().err
