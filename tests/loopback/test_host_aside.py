"""Commands that run beside the others: the same frames, limits and masks, and no longer alive than the exec."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.commands import Command, program
from ghcr_audit.errors import HostError
from tests.loopback.host_tools import KIB, store
from tests.loopback.test_host_shells import host_mark, running

pytestmark = pytest.mark.loopback

SECRET = "ghp_lab" + "0" * 29 + "AbCd"


def test_two_rows_of_commands_give_their_answers_side_by_side(host: LocalHost) -> None:
    commands = (
        Command(key="wait", argv=("sleep", "2")),
        Command(key="aside", argv=("sleep", "2"), aside=True),
        Command(key="after", argv=("echo", "main"), limit_s=5),
        program("far", "echo out; echo err >&2; exit 3", "far", aside=True),
    )
    began = time.monotonic()
    seen = host.run(commands)
    assert time.monotonic() - began < 3.9
    assert all(seen[key].duration_ms >= 1900 for key in ("wait", "aside"))
    assert (seen["after"].stdout, seen["far"].stdout, seen["far"].stderr, seen["far"].exit_code) == (
        "main\n",
        "out\n",
        "err\n",
        3,
    )


def test_large_outputs_of_both_rows_do_not_mix(host: LocalHost) -> None:
    lines = {key: program(key, f"yes {key} | head -c {200 * KIB}", key, aside=key != "a") for key in ("a", "b", "c")}
    seen = host.run(tuple(lines.values()))
    assert {key: set(answer.stdout.splitlines()[:-1]) for key, answer in seen.items()} == {
        "a": {"a"},
        "b": {"b"},
        "c": {"c"},
    }
    assert all(len(answer.stdout) == 200 * KIB for answer in seen.values())


def test_stored_values_are_masked_aside_too(host: LocalHost, home: Path) -> None:
    store(home, ("lab", SECRET))
    reading = f"cat {home}/.docker/config.json; echo {SECRET[:20]}''{SECRET[20:]}"
    seen = host.run((program("main", reading, "main"), program("beside", reading, "beside", aside=True)))
    assert all(answer.stdout and SECRET not in answer.stdout for answer in seen.values())
    assert seen["main"].stdout == seen["beside"].stdout


def test_a_limit_aside_ends_that_command_alone(host: LocalHost) -> None:
    mark = host_mark()
    slow = program("slow", f"echo begun; sleep {mark}", "slow", limit_s=1, aside=True)
    seen = host.run((Command(key="main", argv=("sleep", "2")), slow, Command(key="next", argv=("true",), aside=True)))
    assert [seen[key].exit_code for key in ("main", "slow", "next")] == [0, 124, 0]
    assert seen["slow"].stdout == "begun\n"
    assert not running(mark)


def test_only_commands_aside_are_an_exec_too(local: LocalHost) -> None:
    assert local.run((Command(key="one", argv=("echo", "1"), aside=True),))["one"].stdout == "1\n"


@pytest.mark.parametrize(
    "command",
    [
        Command(key="input", argv=("cat",), reads_stdin=True, aside=True),
        Command(key="pull", argv=("true",), progress=("a", "b"), aside=True),
    ],
    ids=lambda command: command.key,
)
def test_what_is_fed_or_watched_cannot_run_aside(local: LocalHost, command: Command) -> None:
    with pytest.raises(ValueError, match="neither input nor progress"):
        local.run((command,))


def test_whoever_ends_the_shell_ends_both_rows(host: LocalHost, tmp_path: Path) -> None:
    place, marks = tmp_path / "pid", [host_mark() for _ in range(2)]
    main = program("main", f'echo "$GA_PID" >{place}; sleep {marks[0]}', "main", limit_s=60)
    beside = program("beside", f"sleep {marks[1]}", "beside", limit_s=60, aside=True)

    def run() -> None:
        with pytest.raises(HostError, match="no usable answer"):
            host.run((main, beside))

    thread = threading.Thread(target=run)
    thread.start()
    while not all(map(running, marks)) or not place.exists():
        time.sleep(0.05)
    os.kill(int(place.read_text()), signal.SIGTERM)
    thread.join(timeout=10)
    assert not thread.is_alive()
    until = time.monotonic() + 5
    while any(map(running, marks)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(running, marks))
