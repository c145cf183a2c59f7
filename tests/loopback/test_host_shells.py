"""The framed exec under every shell and awk that hosts have: the same answers, limits kept, nothing left."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.commands import Command, Progress, program
from ghcr_audit.credentials import Secret
from ghcr_audit.errors import HostError
from tests.loopback.host_tools import KIB, REGISTRY, Cell, Tools, stand_in_front, store

pytestmark = pytest.mark.loopback


def test_every_shell_gives_the_same_answers(host: LocalHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    commands = (
        Command(key="ok", argv=("printf", r"%s\n", "two words", "'quoted' $HOME", "한글")),
        Command(key="three", argv=("sh", "-c", "echo out; echo err >&2; exit 3")),
        Command(key="absent", argv=("no-such-program-here",)),
        Command(key="no_newline", argv=("printf", "a\\nb")),
        Command(key="silent", argv=("true",)),
        Command(key="stdin", argv=("cat",)),
        Command(key="bytes", argv=("printf", r"\377\000\r\n\t")),
        Command(key="locale", argv=("ls", "/no/such/folder")),
        Command(key="environment", argv=("sh", "-c", "echo $LC_ALL")),
    )
    seen = host.run(commands)
    assert seen["ok"].stdout == "two words\n'quoted' $HOME\n한글\n"
    assert (seen["three"].stdout, seen["three"].stderr, seen["three"].exit_code) == ("out\n", "err\n", 3)
    assert seen["absent"].exit_code == 127 and "not found" in seen["absent"].stderr
    assert seen["no_newline"].stdout == "a\nb"
    assert (seen["silent"].stdout, seen["silent"].stderr, seen["silent"].exit_code) == ("", "", 0)
    assert (seen["stdin"].stdout, seen["stdin"].exit_code) == ("", 0)
    assert seen["bytes"].stdout == "\ufffd\0\r\n\t"
    assert "No such file or directory" in seen["locale"].stderr
    assert seen["environment"].stdout == "C\n"
    assert not any(answer.cut for answer in seen.values())


def test_a_command_that_ignores_term_is_ended_at_its_limit_with_all_its_children(host: LocalHost) -> None:
    marks = [host_mark() for _ in range(2)]
    text = f"trap '' TERM; sh -c \"trap '' TERM; sleep {marks[0]}; echo inner\"; sleep {marks[1]}"
    stubborn = program("stubborn", f"echo begun; {text}", "stubborn", limit_s=1)
    mild = program("mild", f"sleep {marks[0]}", "mild", limit_s=1)
    began = time.monotonic()
    seen = host.run((stubborn, mild))
    assert [answer.exit_code for answer in seen.values()] == [124, 124]
    assert seen["stubborn"].stdout == "begun\n"
    assert all(1000 <= answer.duration_ms <= 4500 for answer in seen.values())
    assert time.monotonic() - began < 14
    assert [mark for mark in marks if running(mark)] == []


def host_mark() -> str:
    """A number of seconds that nobody else sleeps for: finds a process in the process list."""
    return f"{60 + time.monotonic_ns() % 10**9 / 10**9:.9f}"


def running(text: str) -> bool:
    return any(text in line for line in process_texts("cmdline"))


def process_texts(kind: str) -> Iterator[str]:
    """All command lines or environments on this machine."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield (entry / kind).read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue


def test_an_exit_code_of_ones_own_is_no_time_limit(host: LocalHost) -> None:
    codes = {code: Command(key=f"c{code}", argv=("sh", "-c", f"exit {code}")) for code in (124, 137, 143, 255)}
    seen = host.run(list(codes.values()))
    assert {code: seen[command.key].exit_code for code, command in codes.items()} == {code: code for code in codes}


def test_an_output_without_end_is_capped_while_the_command_goes_on(host: LocalHost) -> None:
    text = "head -c 100000000 /dev/zero | tr '\\0' x; echo done >&2"
    seen = host.run((program("big", text, "big"), Command(key="after", argv=("echo", "after"))))
    assert (seen["big"].exit_code, seen["big"].stderr, seen["big"].cut) == (0, "done\n", True)
    assert set(seen["big"].stdout) == {"x"}
    assert 200 * KIB < len(seen["big"].stdout) <= 256 * KIB
    assert seen["after"].stdout == "after\n"


def test_the_cap_is_for_outputs_and_not_for_files_that_a_deploy_writes(host: LocalHost, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    text = 'head -c 3000000 /dev/zero >"$1"'
    assert host.run([program("dump", text, "dump", str(dump))])["dump"].exit_code == 0
    assert dump.stat().st_size == 3_000_000


@pytest.mark.parametrize("size", [0, 1, 1000, 1001, 20_000])
def test_a_small_cap_is_kept_to_the_byte(local: LocalHost, size: int) -> None:
    text = "head -c 1000 /dev/zero | tr '\\0' x" if size == 1000 else f"head -c {size} /dev/zero | tr '\\0' x"
    answer = local.run([Command(key="k", argv=("sh", "-c", text), cap_bytes=1000)])["k"]
    assert answer.cut == (size > 1000)
    assert len(answer.stdout) == (size if size <= 1000 else min(1000, max(0, size - 2 * KIB)))


def test_a_child_left_behind_does_not_hold_the_frame(host: LocalHost) -> None:
    mark = host_mark()
    leaves = program("leaves", f"sleep {mark} & echo gone; echo $!", "leaves")
    began = time.monotonic()
    seen = host.run((leaves, Command(key="after", argv=("echo", "after"))))
    assert time.monotonic() - began < 5
    gone, pid = seen["leaves"].stdout.split()
    assert (gone, seen["after"].stdout) == ("gone", "after\n")
    os.kill(int(pid), 15)  # it is alive: nobody ended what a deploy script left running on purpose


def test_progress_is_told_while_a_command_runs(host: LocalHost) -> None:
    text = "echo 'a: Pulling'; echo 'b: Pulling'; sleep 1.2; echo 'a: Pull complete'; sleep 1.2"
    pull = Command(key="pull", argv=("sh", "-c", text), progress=("Pull complete", "Pulling"))
    told: list[Progress] = []
    host.run([pull], on_progress=told.append)
    assert {(event.done, event.total) for event in told} >= {(0, 2), (1, 2)}


def test_standard_input_reaches_only_the_command_that_reads_it(host: LocalHost) -> None:
    token = "ghp_labOnlyStdin00000000000000000000"
    commands = (
        Command(key="before", argv=("wc", "-c")),
        Command(key="reads", argv=("wc", "-c"), reads_stdin=True),
        Command(key="after", argv=("wc", "-c")),
    )
    seen = host.run(commands, stdin=Secret(token))
    assert [seen[key].stdout.strip() for key in ("before", "reads", "after")] == ["0", str(len(token)), "0"]


def test_nothing_is_left_in_temporary_folders(host: LocalHost, home: Path) -> None:
    seen = host.run([program("where", 'echo "$GA_TMP"; ls "$GA_TMP" | wc -l', "where")])
    scratch = Path(seen["where"].stdout.split()[0])
    assert scratch.name.startswith("ghcr-audit.")
    assert not scratch.exists()


def test_the_scratch_folder_is_closed_to_others(local: LocalHost) -> None:
    seen = local.run([program("mode", 'stat -c %a "$GA_TMP"', "mode")])
    assert seen["mode"].stdout == "700\n"


def test_a_token_stands_in_no_process_list_while_it_is_used(host: LocalHost, home: Path) -> None:
    typed, stored, bait = "ghp_labTyped0Never0Seen00000000000000", "ghp_labStored0Never0Seen0000000000000", host_mark()
    store(home, ("lab", stored))
    config = home / ".docker/config.json"
    commands = (
        Command(key="reads", argv=("sh", "-c", "cat >/dev/null; sleep 0.4"), reads_stdin=True),
        Command(key="leaks", argv=("cat", str(config))),
        Command(key="bait", argv=("sleep", bait), limit_s=1),
    )
    found: set[str] = set()
    over = threading.Event()

    def sample() -> None:
        while not over.is_set():
            for kind in ("cmdline", "environ"):
                for text in process_texts(kind):
                    found.update(secret for secret in (typed, stored, bait) if secret in text)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        host.run(commands, stdin=Secret(typed))
    finally:
        over.set()
        sampler.join()
    assert found == {bait}, "the sampler sees what is there, and no token was"


def test_a_host_with_busybox_alone_answers_too(make_cell: Callable[..., Cell]) -> None:
    """No /proc, no /dev/shm, a clock of whole seconds."""
    seen = make_cell().run(
        Command(key="ok", argv=("echo", "hello")),
        Command(key="three", argv=("sh", "-c", "exit 3")),
        program("late", "sleep 20; echo never", "late", limit_s=1),
        program("scratch", 'echo "$GA_TMP"', "scratch"),
    )
    assert (seen["ok"].stdout, seen["three"].exit_code, seen["late"].exit_code) == ("hello\n", 3, 124)
    assert seen["scratch"].stdout.startswith("/tmp/ghcr-audit.")  # noqa: S108 - where it must be


@pytest.mark.parametrize("name", ["awk", "timeout", "mktemp", "head", "mkfifo"])
def test_a_host_that_lacks_a_program_is_told_which(make_cell: Callable[..., Cell], name: str) -> None:
    with pytest.raises(HostError, match=rf"^cell: run commands: the host lacks {name}\n") as caught:
        make_cell(name).run(Command(key="k", argv=("true",)))
    assert name in caught.value.hint and not caught.value.temporary


def test_where_awk_fails_nothing_is_run_since_nothing_would_be_masked(local: LocalHost, home: Path) -> None:
    broken = home / "broken"
    broken.mkdir()
    (broken / "awk").write_text("#!/bin/sh\necho 1 half-of-the-masks; exit 2\n")
    (broken / "awk").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
        with pytest.raises(HostError, match="the host lacks working-awk"):
            local.run([program("touch", 'touch "$1"', "touch", str(home / "touched"))])
    assert not (home / "touched").exists()


def test_a_shell_that_would_show_secrets_in_the_process_list_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "tools").mkdir()
    stand_in_front(home / "tools", Tools(sh="mksh", awk="mawk"))
    monkeypatch.setenv("PATH", f"{home / 'tools'}:{os.environ['PATH']}")
    with pytest.raises(HostError, match="the host lacks builtin-printf"):
        LocalHost(REGISTRY).run([Command(key="k", argv=("true",))])


def test_a_host_without_room_for_temporary_files_is_told_as_such(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell()
    (cell.root / "tmp").rmdir()
    with pytest.raises(HostError, match="the host lacks temporary-space"):
        cell.run(Command(key="k", argv=("true",)))


def test_a_host_without_a_shell_is_no_bug(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    many = [Command(key=f"k{number}", argv=("echo", "x" * 1000)) for number in range(200)]
    with pytest.raises(HostError, match=r"no usable answer \(the answer ends early .*sh: not found"):
        LocalHost(REGISTRY).run(many)
