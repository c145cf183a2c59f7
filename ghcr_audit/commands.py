"""Commands for a host as values: they say what is to be run, and never run themselves."""

import shlex
from dataclasses import dataclass

OUTPUT_CAP_BYTES = 256 * 1024
"""Default cap of each output stream of one command, enforced on the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command for a host: argv, time limit, byte cap. Secrets never stand in it.

    `argv` reaches the remote shell only through `shlex.join`. `limit_s` is enforced on the host, by `timeout`
    in a process group of its own. `reads_stdin` passes the exec's standard input on (a password for
    `docker login --password-stdin`); all other commands read `/dev/null`. `progress` lets the host report,
    once a second, how many lines of its output match (done, total): two `grep -E` patterns. `aside`: it may run beside
    those that are not, after all others that are: its scratch files have names that only such commands use.
    """

    key: str
    argv: tuple[str, ...]
    limit_s: int = 15
    cap_bytes: int = OUTPUT_CAP_BYTES
    reads_stdin: bool = False
    progress: tuple[str, str] | None = None
    aside: bool = False

    @property
    def text(self) -> str:
        """The command as a POSIX shell would read it."""
        return shlex.join(self.argv)

    @property
    def asked(self) -> str:
        """How the command is shown as evidence: programs sent whole are named, not printed."""
        match self.argv:
            case ("sh", "-c", _, name, *args):
                return f"{name} {shlex.join(args)}".rstrip()
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one command answered, masked on the host. Outputs are decoded as UTF-8 with replacement."""

    key: str
    exit_code: int
    duration_ms: int
    stdout: str
    stderr: str
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running command is, in its own units (layers of a pull)."""

    key: str
    done: int
    total: int


def program(key: str, text: str, name: str, *args: str, limit_s: int = 15, aside: bool = False) -> Command:
    """A POSIX sh program sent whole, with positional arguments; `name` is how evidence calls it."""
    return Command(key=key, argv=("sh", "-c", text, name, *args), limit_s=limit_s, aside=aside)
