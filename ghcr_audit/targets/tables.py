"""The tables of a target: how its host is reached, and by what a release is deployed there. Part of `target.py`."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from ghcr_audit.evidence import Value


def _word(text: str) -> str:
    if not text or text.startswith("-") or any(ord(c) < 32 or ord(c) == 127 for c in text):  # noqa: PLR2004
        raise ValueError("must not be empty, begin with '-' or hold control characters")
    return text


Word = Annotated[str, AfterValidator(_word)]
"""A value that may reach a command line: never empty, never an option, no control characters."""


class DeployMethod(StrEnum):
    """How a release gets onto the host."""

    SCRIPT = "script"
    COMPOSE = "compose"


class HostAccess(Value):
    """How the host is reached. Without `address` it is the machine the audit runs on."""

    address: Word | None = None
    port: int = Field(default=22, ge=1, le=65535, strict=True)
    user: Word | None = None
    identity_file: Word | None = None
    identity_block: str | None = Field(default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    """The Prefect Secret block that holds the private key; only flows read it."""
    known_hosts: Word | None = None
    """A known_hosts file to pin the host key by; `~/.ssh/known_hosts` when nothing is said."""
    host_key: str | None = Field(default=None, pattern=r"^SHA256:[A-Za-z0-9+/]{43}=?$")
    """The host key's fingerprint as `ssh-keygen -l` prints it, instead of a known_hosts file."""
    jump: Word | None = None
    """`[user@]host[:port]` of a jump host (ProxyJump); its key is pinned by the same known_hosts file."""
    ssh_config: Word | None = None
    """An OpenSSH client configuration to read; `~/.ssh/config` when nothing is said."""
    docker_command: tuple[str, ...] = Field(default=("docker",), min_length=1, max_length=6)

    @property
    def local(self) -> bool:
        """True when the host is this machine."""
        return self.address is None

    @property
    def sudo(self) -> tuple[str, ...]:
        """The prefix with which docker runs as another user (`sudo -n`), or nothing."""
        return self.docker_command[:-1]

    @field_validator("docker_command")
    @classmethod
    def _docker_or_sudo(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[A-Za-z0-9_./-]+", word) for word in words):
            raise ValueError("a word is empty or holds a character other than letters, digits and _ . / -")
        if words[0].startswith("-") or words[-1].startswith("-"):
            raise ValueError("the first and the last word are programs and must not begin with '-'")
        if len(words) > 1 and not (words[0].endswith("sudo") and "-n" in words[1:-1]):
            raise ValueError('expected ["docker"] or ["sudo", "-n", "docker"]')
        return words


PLACEHOLDERS = ("directory", "compose_file", "tag", "action", "previous")
"""What the words of `deploy.arguments` may hold in braces."""


class Deploy(Value):
    """Where a release is deployed, and by what. Paths are on the host; relative ones lie below `directory`."""

    method: DeployMethod = DeployMethod.SCRIPT
    directory: Word
    compose_file: Word = "compose.yml"
    script: Word = "server_deploy.sh"
    arguments: tuple[str, ...] = Field(
        default=("{directory}", "{compose_file}", "{tag}", "{action}"), min_length=1, max_length=20
    )
    """The script's words. `{tag}`: the release to deploy, or to roll back from; `{previous}`: the one to go back to;
    `{action}`: deploy or rollback."""
    tag_variable: str = Field(default="IMAGE_TAG", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
    """The environment variable from which the compose file takes the release's tag."""
    last_good_file: Word = "runtime/state/last_good_tag"
    """Where the script notes the last good release; it and its small neighbours are put back after a drill."""
    limit_s: int = Field(default=300, ge=5, le=3600, strict=True)
    """How long one deploy or rollback command may take."""
    healthy_within_s: int = Field(default=60, ge=2, le=900, strict=True)
    """How long a release may take to become healthy once its deploy command has ended."""
    settle_s: int = Field(default=10, ge=1, le=300, strict=True)
    """The settling window: a release counts as healthy once it was so for this long without a break."""
    lease_s: int = Field(default=20, ge=5, le=120, strict=True)
    """The drill's lease on the host; it is renewed every quarter of it."""
    dead_man: bool = Field(default=False, strict=True)
    """Whether a drill leaves a timer on the host that restores it when nobody renews the lease any more."""

    @field_validator("directory")
    @classmethod
    def _absolute(cls, text: str) -> str:
        if not text.startswith("/") or ".." in text.split("/"):
            raise ValueError("not an absolute path without ..")
        return text

    @field_validator("last_good_file")
    @classmethod
    def _folder_of_its_own(cls, text: str) -> str:
        if ".." in text.split("/") or "/" not in text.strip("/"):
            raise ValueError("must lie in a folder of its own: all small files of that folder are put back")
        return text

    @field_validator("arguments")
    @classmethod
    def _known_placeholders(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not word or any(ord(c) < 32 or ord(c) == 127 for c in word):  # noqa: PLR2004
                raise ValueError("a word is empty or holds control characters")
            for name in re.findall(r"\{([^{}]*)\}", word):
                if name not in PLACEHOLDERS:
                    raise ValueError(f"{{{name}}} is no placeholder; known are {', '.join(PLACEHOLDERS)}")
        return words

    def words(self, *, tag: str, action: str, previous: str) -> tuple[str, ...]:
        """The script's arguments for one action."""
        values = {
            "directory": self.directory,
            "compose_file": self.compose_file,
            "tag": tag,
            "action": action,
            "previous": previous,
        }
        return tuple(re.sub(r"\{([^{}]*)\}", lambda found: values[found[1]], word) for word in self.arguments)

    @property
    def state_directory(self) -> str:
        """The folder of `last_good_file`, as an absolute path."""
        return self.absolute(self.last_good_file).rpartition("/")[0]

    def absolute(self, path: str) -> str:
        """A path on the host, relative ones below `directory`."""
        return path if path.startswith("/") else f"{self.directory.rstrip('/')}/{path}"
