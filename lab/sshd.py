"""The lab's SSH server: real OpenSSH on 127.0.0.1, one unprivileged user, one key, one pinned host key."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from lab.namespace import DEPLOY_USER, inside
from lab.packages import Packages
from lab.place import Place
from lab.processes import ProcessId, run, run_or_fail, spawn, wait_until
from lab.state import LabState


def make_keys(place: Place, state: LabState, packages: Packages) -> None:
    """The host key, the client's key, who may log in with it, and the pinned known_hosts line."""
    host_key = place.etc / "host_key"
    for key, comment in ((host_key, "lab-host"), (place.client_key, "lab-client")):
        argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key))
        run_or_fail(argv, timeout_s=10, environment=packages.environment())
    shutil.copyfile(f"{place.client_key}.pub", place.etc / "authorized_keys")
    (place.etc / "authorized_keys").chmod(0o644)
    kind, blob = Path(f"{host_key}.pub").read_text(encoding="ascii").split()[:2]
    place.known_hosts.write_text(f"[127.0.0.1]:{state.ports.ssh} {kind} {blob}\n", encoding="ascii")


def start_sshd(place: Place, state: LabState, packages: Packages, *, language: str = "") -> ProcessId:
    """Start the server without waiting for it. `language` is the LANG of every session, if any."""
    seen = packages.seen_at(place.packages)
    config = place.etc / "sshd_config"
    config.write_text(sshd_config(place, state, packages, language=language), encoding="utf-8")
    program = (str(seen.sshd), "-D", "-f", str(config), "-E", str(place.log / "sshd.log"))
    argv = inside(place, packages, program, deploy_user=True)
    return spawn(argv, log=place.log / "sshd.out", environment=seen.environment())


def sshd_config(place: Place, state: LabState, packages: Packages, *, language: str = "") -> str:
    """The server's configuration."""
    libraries = packages.seen_at(place.packages).ld_library_path
    variables = {
        "DOCKER_HOST": f"unix://{place.docker_socket}",
        "PATH": f"{place.bin}:/usr/local/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": libraries if packages.brings_curl else "",
        "LANG": language,
    }
    set_env = " ".join(f"{name}={value}" for name, value in variables.items() if value)
    return f"""\
ListenAddress 127.0.0.1
Port {state.ports.ssh}
HostKey {place.etc}/host_key
PidFile none
AuthorizedKeysFile {place.etc}/authorized_keys
AuthenticationMethods publickey
AllowUsers {DEPLOY_USER}
PermitRootLogin no
UsePAM no
UseDNS no
StrictModes no
PrintLastLog no
PrintMotd no
X11Forwarding no
MaxSessions 50
MaxStartups 50:30:100
LogLevel VERBOSE
Subsystem sftp internal-sftp
SetEnv {set_env}
{_since_9_8(place, packages)}"""


def _since_9_8(place: Place, packages: Packages) -> str:
    """Lines for an sshd of 9.8 or later, which an older one does not know.

    It consists of several programs (sshd-auth came with 10.0) and has to be told where unpacked ones lie; and
    it shuts out clients that connect and leave, as whoever asks whether it is up does.
    """
    real, seen = packages.sshd_programs, packages.seen_at(place.packages).sshd_programs
    if real is None:
        return ""
    programs = {"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"}
    paths = [f"{option} {seen}/{name}" for option, name in programs.items() if (real / name).exists()]
    return "\n".join([*paths, "PerSourcePenalties no", ""])


def wait_for_sshd(place: Place, state: LabState, process: ProcessId) -> None:
    """Wait until the server sends its banner, 10 s at most."""
    wait_until(
        lambda: sshd_answers(state.ports.ssh),
        what="sshd",
        limit_s=10,
        process=process,
        log=place.log / "sshd.log",
    )


def sshd_answers(port: int) -> bool:
    """Whether an SSH server greets on 127.0.0.1:port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def ssh(
    place: Place,
    state: LabState,
    packages: Packages,
    command: str,
    *,
    stdin: bytes = b"",
    timeout_s: float = 30,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as the deploy user by openssh, without a terminal; exit code 255 is ssh's own."""
    options = (
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        f"UserKnownHostsFile={place.known_hosts}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "ConnectTimeout=10",
        "LogLevel=ERROR",
    )
    flags = [word for option in options for word in ("-o", option)]
    address = ("-i", str(place.client_key), "-p", str(state.ports.ssh), f"{DEPLOY_USER}@127.0.0.1")
    argv = ("ssh", "-F", "none", "-T", *flags, *address, command)
    return run(argv, timeout_s=timeout_s, stdin=stdin, environment=packages.environment())
