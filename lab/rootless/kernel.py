"""The few system calls that Python 3.11 does not have: unshare(2), setns(2), mount(2), and the loopback's flag."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

# <linux/sched.h>; the same numbers for unshare(2) and setns(2).
NEW_MOUNTS = 0x0002_0000
NEW_USERS = 0x1000_0000
NEW_PROCESSES = 0x2000_0000
NEW_NETWORK = 0x4000_0000
KINDS = {"user": NEW_USERS, "pid": NEW_PROCESSES, "net": NEW_NETWORK, "mnt": NEW_MOUNTS}
STANDARD_FILES = (0, 1, 2)

_PROC_FLAGS = 2 | 4 | 8  # nosuid, nodev, noexec, as /proc is mounted everywhere
_BIND = 4096
_SET_FLAGS = 0x8914  # SIOCSIFFLAGS, netdevice(7)
_UP_AND_RUNNING = 0x1 | 0x40

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Give this process new namespaces; a new process namespace begins with its next child.

    Raises:
        OSError: the kernel, or what restricts it, does not allow that.
    """
    _checked(_libc.unshare(flags), "unshare")


def join(pid: int, *kinds: str) -> None:
    """Enter namespaces of a process ("user", "pid", "net", "mnt", in the order in which they are entered).

    The process namespace is that of the next child; this process must have one thread. Supplementary groups, which
    have no name in there, are dropped.

    Raises:
        OSError: the process is gone, or not ours.
    """
    folder = os.getcwd()  # noqa: PTH109 - kept as it is spelt: the mount namespace may show it elsewhere
    # All are opened before the first is entered: afterwards /proc is another one.
    opened = [(os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC), kind) for kind in kinds]
    for descriptor, kind in opened:
        _checked(_libc.setns(descriptor, KINDS[kind]), f"setns {kind}")
        os.close(descriptor)
    os.setgroups([])
    os.chdir(folder)


def mount_proc() -> None:
    """Show the process namespace in /proc; refused where the machine's own /proc is partly masked."""
    _checked(_libc.mount(b"proc", b"/proc", b"proc", _PROC_FLAGS, None), "mount /proc")


def hide(file: Path) -> None:
    """Let a file that is out of our reach read as empty."""
    _checked(_libc.mount(b"/dev/null", os.fsencode(file), None, _BIND, None), f"hide {file}")


def mount_empty(folder: Path, user_id: int) -> None:
    """Cover a folder with an empty one, in memory, of this user (tmpfs(5))."""
    options = f"uid={user_id},gid={user_id},mode=700".encode()
    _checked(_libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options), f"cover {folder}")


def loopback_up() -> None:
    """Switch on `lo`, which gives it 127.0.0.1."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))


def leave_files_but(*kept: int) -> None:
    """Close whatever the caller has open, which a process that outlives it would keep open for ever."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in STANDARD_FILES:
        os.dup2(nowhere, standard)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor not in {*STANDARD_FILES, *kept}:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(descriptor)


def _checked(answer: int, what: str) -> None:
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
