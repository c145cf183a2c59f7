"""Namespaces in which a user is root: made, held by a process, entered by commands, and ended with all in them.

The holder is the first process in them, so that the kernel ends every other one when it ends: nothing that the lab
started outlives it. It lives outside of the caller's session and has none of the caller's files open.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from lab.errors import LabError
from lab.place import root_folder
from lab.processes import ProcessId, end, process_at, run
from lab.rootless import kernel
from lab.rootless.machine import IdRange, Machine, why_refused
from lab.rootless.shared_folders import cover_those_of_others, remove_our_own

KEPT, TIED = "kept", "tied"
INSIDE = ("user", "pid", "net", "mnt")
_SHADOW = Path("/etc/shadow")  # of the machine's root, whom we are not: the lab copies what it can read of it


@contextlib.contextmanager
def temporary(machine: Machine) -> Iterator[ProcessId]:
    """Namespaces that end with this block - or, should this process be killed, with the command that runs in them."""
    holder, lifeline = _make(machine, TIED)
    with lifeline:
        try:
            yield holder
        finally:
            dissolve(holder)


def dissolve(holder: ProcessId) -> None:
    """End namespaces with all that still lives in them; what only their root may remove is removed before."""
    if holder.alive:
        labs = root_folder()
        _in_child(lambda: _tidy(holder, labs))
    end([holder])


def _tidy(holder: ProcessId, labs: Path) -> int:
    kernel.join(holder.pid, "user", "mnt")
    remove_our_own(labs)
    return 0


def lasting(machine: Machine) -> ProcessId:
    """Namespaces that last until they are dissolved.

    Raises:
        LabError: they cannot be made here; the sentence says why.
    """
    holder, lifeline = _make(machine, KEPT)
    lifeline.close()
    return holder


def _make(machine: Machine, life: str) -> tuple[ProcessId, TextIO]:
    """The holder, and the file whose closing ends it where it is tied to us."""
    (told, tell), (asked, ask) = os.pipe(), os.pipe()
    maker = os.fork()
    if maker == 0:
        _become_holder(tell, asked)
    os.close(tell)
    os.close(asked)
    lifeline = os.fdopen(ask, "w", encoding="ascii")
    try:
        with os.fdopen(told, encoding="utf-8") as words:
            _answer(words, machine)
            _map_ids(machine, maker)
            print("mapped", file=lifeline, flush=True)
            pid = int(_answer(words, machine))
            print(life, file=lifeline, flush=True)
            _answer(words, machine)
    except BaseException:
        lifeline.close()
        raise
    finally:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(maker, 0)
    return process_at(pid) or ProcessId(pid=pid, started_ticks=0), lifeline


def _answer(words: TextIO, machine: Machine) -> str:
    """The maker's next line: `ok WHAT`, or `no STEP: ERROR`."""
    verdict, _, rest = words.readline().rstrip("\n").partition(" ")
    if verdict != "ok":
        raise LabError(f"The lab without root: {why_refused(machine, rest or 'the process that makes them ended')}")
    return rest


def _map_ids(machine: Machine, pid: int) -> None:
    """Let the user be root inside, and the user's subordinate ids everybody else there (newuidmap(1))."""
    for program, own, ids in (
        ("newuidmap", machine.user_id, machine.users),
        ("newgidmap", machine.group_id, machine.groups),
    ):
        done = run((program, str(pid), *_mapping(own, ids)), timeout_s=10)
        if done.returncode != 0:
            words = done.stderr.decode(errors="replace").strip()
            raise LabError(f"The lab without root: {why_refused(machine, f'{program}: {words}')}")


def _mapping(own: int, ids: IdRange) -> tuple[str, ...]:
    """Triples of first id inside, first id outside, count."""
    return ("0", str(own), "1", "1", str(ids.start), str(ids.count))


def _become_holder(tell: int, asked: int) -> NoReturn:
    """In the child: make the namespaces, leave the holder in them, and end."""
    try:
        os.setsid()
        kernel.leave_files_but(tell, asked)
        kernel.unshare(kernel.NEW_USERS)
        os.write(tell, b"ok users\n")
        if not _line(asked):
            os._exit(1)  # the caller gave up
        os.setgroups([])
        kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_NETWORK | kernel.NEW_PROCESSES)
        holder = os.fork()
        if holder:
            os.write(tell, f"ok {holder}\n".encode())
            os._exit(0)
        _hold(tell, asked)
    except OSError as error:
        os.write(tell, f"no {error.strerror}\n".encode())
    finally:
        os._exit(1)


def _hold(tell: int, asked: int) -> NoReturn:
    """As the first process: furnish the namespaces, then live until told to end or, if tied, until the caller ends."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans become our children; the kernel forgets them at once
    life = _line(asked)
    os.chdir("/")
    kernel.mount_proc()
    kernel.loopback_up()
    if _SHADOW.exists():
        kernel.hide(_SHADOW)
    cover_those_of_others()
    os.write(tell, b"ok up\n")
    os.close(tell)
    while life == KEPT:
        signal.pause()
    _line(asked)
    os._exit(0)


def _line(descriptor: int) -> str:
    """What stands in a pipe, without its newline; empty at its end."""
    return os.read(descriptor, 64).decode("ascii").rstrip("\n")


def run_inside(holder: ProcessId, argv: Sequence[str]) -> int:
    """Run a command in the namespaces, on our own standard files; returns its exit code, 128 + N for signal N.

    TERM and HUP are passed on. INT is not: a terminal sends it to the command as well as to us.
    """
    return _in_child(lambda: _enter_and_run(holder, argv))


def _enter_and_run(holder: ProcessId, argv: Sequence[str]) -> int:
    kernel.join(holder.pid, *INSIDE)
    return _in_child(lambda: _become(argv))  # a child is needed: a process never changes its own process namespace


def _become(argv: Sequence[str]) -> NoReturn:
    os.execvp(argv[0], list(argv))  # noqa: S606 - no shell is wanted


def _in_child(work: Callable[[], int]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _work_and_end(work)
    return _waited_for(child)


def _work_and_end(work: Callable[[], int]) -> NoReturn:
    """Whatever happens, this copy of the caller ends here: its `finally` blocks are the caller's to run."""
    code = 1
    try:
        code = work()
    except OSError as error:
        os.write(2, f"the lab's namespaces: {error}\n".encode())
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def _waited_for(child: int) -> int:
    """The exit code of a child."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
