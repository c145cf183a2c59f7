"""Whether this user can have namespaces with a whole range of user ids in them; if not, why not, in one sentence."""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

IDS_AT_LEAST = 65_534  # up to the group of "nobody", which the SSH server's own account has
MAPPERS = ("newuidmap", "newgidmap")

_SYSCTL = Path("/proc/sys")
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRange:
    """Ids that a user may hand out in namespaces of their own: `count` from `start` on; count 0: none."""

    start: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What decides. The settings are "0", "1" or a number as the kernel shows it, empty where it has none such."""

    user_name: str
    user_id: int
    group_id: int
    users: IdRange
    groups: IdRange
    mappers: bool
    max_namespaces: str = ""
    clone_setting: str = ""
    apparmor_setting: str = ""


def this_machine() -> Machine:
    """This user on this machine."""
    user_id = os.getuid()
    name = _user_name(user_id)
    return Machine(
        user_name=name,
        user_id=user_id,
        group_id=os.getgid(),
        users=largest_range(_text(Path("/etc/subuid")), name, user_id),
        groups=largest_range(_text(Path("/etc/subgid")), name, user_id),
        mappers=all(shutil.which(program, path=_SYSTEM_PATH) for program in MAPPERS),
        max_namespaces=_text(_SYSCTL / "user/max_user_namespaces").strip(),
        clone_setting=_text(_SYSCTL / "kernel/unprivileged_userns_clone").strip(),
        apparmor_setting=_text(_SYSCTL / "kernel/apparmor_restrict_unprivileged_userns").strip(),
    )


def _user_name(user_id: int) -> str:
    """The user's name, the number where there is none (a container started with `--user 1234`)."""
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def largest_range(text: str, user_name: str, user_id: int) -> IdRange:
    """The largest range of a user in a file in the form of subuid(5): `NAME-OR-ID:START:COUNT` lines."""
    found = [IdRange()]
    for line in text.splitlines():
        owner, _, numbers = line.partition(":")
        start, _, count = numbers.partition(":")
        if owner in {user_name, str(user_id)} and start.isdecimal() and count.isdecimal():
            found.append(IdRange(start=int(start), count=int(count)))
    return max(found, key=lambda one: one.count)


def why_not(machine: Machine) -> str:
    """What is missing for sure, with what helps; empty when it is worth trying."""
    if machine.clone_setting == "0":
        return (
            "this kernel makes no user namespaces for ordinary users"
            " (sudo sysctl -w kernel.unprivileged_userns_clone=1 allows them)."
        )
    if machine.max_namespaces == "0":
        return "this machine allows no user namespaces (sudo sysctl -w user.max_user_namespaces=15000 allows them)."
    if not machine.mappers:
        return "newuidmap and newgidmap are not installed (sudo apt-get install uidmap)."
    for file, ids, option in (("subuid", machine.users, "--add-subuids"), ("subgid", machine.groups, "--add-subgids")):
        if ids.count < IDS_AT_LEAST:
            return (
                f"/etc/{file} gives {machine.user_name} too few ids (got {ids.count}, expected {IDS_AT_LEAST} or more;"
                f" sudo usermod {option} FIRST-LAST {machine.user_name}, with 65536 ids that nobody has)."
            )
    return ""


def why_refused(machine: Machine, words: str) -> str:
    """What most likely made the kernel refuse, after it has; `words`: step and error, as the kernel names it."""
    if machine.apparmor_setting == "1":
        return (
            "AppArmor keeps ordinary users' namespaces without rights here"
            f" (sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 lifts that): {words}."
        )
    if words.startswith("mount /proc"):
        return f"a /proc of its own is refused, as it is in a container with a masked /proc: {words}."
    if words.startswith("unshare"):
        return f"namespaces are refused, as they are by a container's seccomp profile: {words}."
    if words.startswith(MAPPERS):
        return f"user ids may not be handed out here, as where no program gains rights (no_new_privs): {words}."
    return f"the namespaces could not be made: {words}."
