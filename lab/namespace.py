"""The lab's own view of the machine: a deploy user and packages that exist in private mount namespaces only.

Servers started through `inside` see the unpacked packages below the lab's folder, an empty /run and - where
asked - private passwd, group and shadow files. The machine's own files and mounts are never changed, and
everything is gone with the last process of the namespace. See mount_namespaces(7), unshare(1).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.packages import Packages
from lab.place import Place

DEPLOY_USER = "labdeploy"
ACCOUNT_FILES = ("passwd", "group", "shadow")

# A fresh /run hides the machine's containerd, name service caches and login records; sshd needs its folder.
_ENTER = """\
set -e
tree=$1 mount=$2 accounts=$3
shift 3
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd
mount --bind "$tree" "$mount"
mount -o remount,bind,ro "$mount"
if [ -n "$accounts" ]; then
    for file in passwd group shadow; do mount --bind "$accounts/$file" "/etc/$file"; done
    for file in wtmp lastlog btmp; do
        if [ -e "/var/log/$file" ]; then mount --bind "$accounts/records" "/var/log/$file"; fi
    done
fi
exec "$@"
"""


def inside(place: Place, packages: Packages, argv: tuple[str, ...], *, deploy_user: bool) -> tuple[str, ...]:
    """The command that runs `argv` (which keeps the process id) in a private mount namespace.

    `packages` are the real ones; `argv` names programs as `packages.seen_at(place.packages)` has them.
    """
    accounts = str(place.etc) if deploy_user else ""
    enter = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh")
    return (*enter, str(packages.root), str(place.packages), accounts, *argv)


def write_accounts(place: Place, user_id: int) -> None:
    """Copies of the machine's account files with the deploy user (and sshd's own user) added."""
    shell = "/bin/bash" if shutil.which("bash", path="/bin:/usr/bin") else "/bin/sh"
    own = {
        "passwd": f"{DEPLOY_USER}:x:{user_id}:{user_id}:lab deploy user:{place.home}:{shell}",
        "group": f"{DEPLOY_USER}:x:{user_id}:",
        # '*' is no password; '!' would lock the account for keys as well.
        "shadow": f"{DEPLOY_USER}:*:20000:0:99999:7:::",
    }
    for name in ACCOUNT_FILES:
        machine = Path("/etc", name)
        text = machine.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in text.splitlines() if line.partition(":")[0] != DEPLOY_USER]
        private = place.etc / name
        private.write_text("\n".join([*lines, *_sshd_account(name, text), own[name]]) + "\n", encoding="utf-8")
        private.chmod(0o600 if name == "shadow" else 0o644)
    (place.etc / "records").touch(mode=0o600)


def _sshd_account(name: str, text: str) -> list[str]:
    """The unprivileged user that sshd itself needs, where no sshd was ever installed."""
    if name != "passwd" or any(line.startswith("sshd:") for line in text.splitlines()):
        return []
    return ["sshd:x:57999:65534::/run/sshd:/usr/sbin/nologin"]


def give(path: Path, user_id: int) -> None:
    """Make the deploy user the owner of a file or of a folder with all that is in it."""
    os.chown(path, user_id, user_id, follow_symlinks=False)
    if path.is_dir() and not path.is_symlink():
        for child in path.iterdir():
            give(child, user_id)
