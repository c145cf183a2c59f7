"""The bench's plain commands: whoever runs them, they do what the product's framed ones do."""

import subprocess
from pathlib import Path

import pytest

from bench.contenders import Work
from ghcr_audit.commands import Command, program

pytestmark = pytest.mark.loopback


@pytest.fixture
def work(tmp_path: Path) -> Work:
    commands = (
        Command(key="words", argv=("printf", r"%s\n", "it's", '"quoted" {{braces}} $HOME')),
        program("scratch", 'echo kept >"$GA_TMP/file"; cat "$GA_TMP/file"', "scratch"),
        Command(key="reads", argv=("cat",)),
        Command(key="fails", argv=("false",)),
    )
    return Work(commands=commands, scratch=str(tmp_path), proof=b"kept")


def run(*words: str, stdin: bytes = b"not for commands\n") -> tuple[int, str]:
    done = subprocess.run(words, input=stdin, capture_output=True, timeout=10, check=False)
    return done.returncode, done.stdout.decode()


def test_one_by_one_and_as_one_script_they_answer_alike(work: Work) -> None:
    one_by_one = [run("sh", "-c", work.plain(command)) for command in work.commands]
    assert one_by_one == [(0, 'it\'s\n"quoted" {{braces}} $HOME\n'), (0, "kept\n"), (0, ""), (0, "")]
    assert run("sh", "-s", stdin=work.script) == (0, "".join(said for _, said in one_by_one))
