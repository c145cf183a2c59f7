"""`diagnose` as it is called: one text or a batch, from a file or standard input, and nothing secret comes out."""

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.cli import diagnose
from ghcr_audit.errors import ConfigurationError

REFUSED = 'Error response from daemon: Head "https://ghcr.io/v2/acme/observer/manifests/1": denied: denied\n'
TOKEN = "ghp_lab" + "A1b2C3d4E5f6G7h8" + "lab" + "Z9y8X7w6V5u4T3"


class Input(io.TextIOWrapper):
    """Standard input that holds these bytes."""

    def __init__(self, found: bytes) -> None:
        super().__init__(io.BytesIO(found))


def options(file: str = "-", *, as_json: bool = False, as_lines: bool = False) -> argparse.Namespace:
    return argparse.Namespace(file=file, json=as_json, jsonl=as_lines)


def answered(
    lines: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[dict[str, object]]:
    monkeypatch.setattr(sys, "stdin", Input(lines))
    assert diagnose.run(options(as_lines=True)) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_text_on_standard_input_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Input(REFUSED.encode()))
    assert diagnose.run(options()) == 0
    told = capsys.readouterr().out
    assert told.startswith("credential_invalid_or_expired (likely)\n  why ")
    assert "docker logout" in told
    assert "probe" in told


def test_a_file_is_explained_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pull.log"
    file.write_text(REFUSED, encoding="utf-16")
    assert diagnose.run(options(str(file), as_json=True)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["cause"] == "credential_invalid_or_expired"
    assert set(told["candidates"][0]) == {"cause", "certainty", "why", "probe", "remedy"}


def test_what_no_rule_knows_is_unknown_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Input(b"all is well\n"))
    assert diagnose.run(options()) == 5
    assert capsys.readouterr().out.startswith("unknown\n")


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        diagnose.run(options(str(tmp_path / "nothing")))
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        diagnose.run(options(str(tmp_path)))


def test_a_batch_is_answered_line_by_line_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        {"id": "a", "operation": "pull", "registry": "ghcr.io", "text": REFUSED},
        {"id": 7, "text": "nothing known"},
        {"id": "c", "operation": "ssh", "text": "dial tcp: i/o timeout"},
    ]
    lines = "\n".join(json.dumps(one) for one in asked).encode()
    told = answered(lines, monkeypatch, capsys)
    assert [(one["id"], one["cause"]) for one in told] == [
        ("a", "credential_invalid_or_expired"),
        (7, "unknown"),
        ("c", "ssh_unreachable"),
    ]
    assert told[0]["candidates"][0] == {"cause": "credential_invalid_or_expired", "certainty": "likely"}  # type: ignore[index]


def test_lines_that_are_none_are_answered_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = b'{"id": "a", "text": 5}\nnonsense\n\n[1]\n"x"\n\xff\xfe\n' + b"[" * 100_000 + b"\n" + b'{"id": {}}\n'
    told = answered(lines, monkeypatch, capsys)
    assert [one["cause"] for one in told] == ["unknown"] * 7
    assert [one.get("error", "") != "" for one in told] == [False, True, True, True, True, True, False]


@given(st.binary(max_size=400))
def test_any_bytes_in_a_batch_are_answered(found: bytes) -> None:
    for line in diagnose._lines(io.BytesIO(found)):
        json.dumps(diagnose._answer(line))


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "_LINE_BYTES", 8)
    assert list(diagnose._lines(io.BytesIO(b"123456789012345678\nnext\n"))) == [b"12345678", b"next\n"]


def test_beginning_and_end_of_a_large_input_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "_END_BYTES", 4)
    monkeypatch.setattr(diagnose, "_CHUNK_BYTES", 3)
    assert diagnose._ends(io.BytesIO(b"head" + b"." * 1000 + b"tail")) == b"headtail"
    assert diagnose._ends(io.BytesIO(b"all")) == b"all"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_secret_in_the_text_does_not_come_out(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"$ docker login ghcr.io -u x -p {TOKEN}\n{REFUSED}".encode()
    monkeypatch.setattr(sys, "stdin", Input(text))
    diagnose.run(options(as_json=as_json))
    assert TOKEN not in capsys.readouterr().out


def test_a_secret_as_an_id_is_redacted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    told = answered(json.dumps({"id": TOKEN, "text": REFUSED}).encode(), monkeypatch, capsys)
    assert TOKEN not in str(told)
    assert str(told[0]["id"]).startswith("[github-token#")


def test_nothing_slow_and_no_network_library_is_loaded() -> None:
    code = (
        "import sys, ghcr_audit.cli.diagnose\n"
        "print(sorted({'prefect', 'paramiko', 'urllib3', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"
