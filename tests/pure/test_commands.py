"""Commands as values: what a shell would read, and what evidence shows."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.commands import Command, program
from ghcr_audit.framing import framed_script

pytestmark = pytest.mark.pure

WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)


@given(WORDS)
def test_a_shell_reads_back_exactly_the_words(words: list[str]) -> None:
    assert shlex.split(Command(key="k", argv=tuple(words)).text) == words


def test_a_program_sent_whole_is_named_not_printed() -> None:
    command = program("host.disk", "df -P / # a long text", "free space of", "docker", "two words")
    assert command.asked == "free space of docker 'two words'"
    assert "df -P" in command.text


def test_an_ordinary_command_is_shown_as_it_is_run() -> None:
    assert Command(key="k", argv=("docker", "inspect", "a b")).asked == "docker inspect 'a b'"


@pytest.mark.parametrize("key", ["", "a b", "A", "k\nGA_NONCE=1", "k" * 81, "$(id)"])
def test_a_key_that_would_break_the_frame_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="would break the frame"):
        framed_script([Command(key=key, argv=("true",))], nonce="n")


def test_two_commands_with_one_key_are_refused_since_one_answer_would_be_lost() -> None:
    with pytest.raises(ValueError, match="same key"):
        framed_script([Command(key="k", argv=("true",)), Command(key="k", argv=("false",))], nonce="n")
