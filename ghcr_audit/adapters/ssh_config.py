"""What `~/.ssh/config` adds to a target's host: the target's own words win."""

import re
from dataclasses import dataclass
from pathlib import Path

from ghcr_audit.adapters.lean_paramiko import paramiko
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.targets.tables import HostAccess

_MATCH_EXEC = re.compile(r"^\s*match\b.*\bexec\b", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to connect to, with every default resolved."""

    address: str
    port: int
    user: str | None
    identity_files: tuple[str, ...]
    identity_block: str | None
    known_hosts: str | None
    jump: HostAccess | None


def resolved(access: HostAccess) -> Endpoint:
    """The endpoint that the target and the OpenSSH client configuration together describe.

    Raises:
        ConfigurationError: an unreadable configuration, or one that asks for a ProxyCommand.
    """
    alias = access.address or ""
    found = _lookup(access.ssh_config, alias)
    if "proxycommand" in found and access.jump is None:
        raise ConfigurationError(
            f"{alias}: ssh configuration: ProxyCommand is not supported", hint="Use ProxyJump instead."
        )
    jump = access.jump or found.get("proxyjump")
    if not access.jump and jump == alias:  # `Host *` with a ProxyJump covers the jump host, too
        jump = None
    return Endpoint(
        address=str(found.get("hostname", alias)),
        port=access.port if "port" in access.model_fields_set else _port(found.get("port", "22"), alias),
        user=access.user or found.get("user"),
        identity_files=_identity_files(access, found),
        identity_block=access.identity_block,
        known_hosts=_first_word(found.get("userknownhostsfile")),
        jump=None if jump in (None, "none") else _jump(str(jump), access),
    )


def _identity_files(access: HostAccess, found: paramiko.SSHConfigDict) -> tuple[str, ...]:
    if access.identity_block:
        return ()
    return (access.identity_file,) if access.identity_file else tuple(found.get("identityfile", ()))


def _lookup(named: str | None, alias: str) -> paramiko.SSHConfigDict:
    path = Path(named or "~/.ssh/config").expanduser()
    if named is None and not path.is_file():
        return paramiko.SSHConfigDict()
    try:
        text = path.read_text(encoding="utf-8")
        if _MATCH_EXEC.search(text):  # paramiko would run it, with our standard input
            raise ConfigurationError(
                f"{path}: ssh configuration: `Match exec` is not supported",
                hint="Name another configuration as ssh_config under [host].",
            )
        return paramiko.SSHConfig.from_text(text).lookup(alias)
    except (OSError, ValueError, paramiko.SSHException) as error:
        raise ConfigurationError(f"{path}: cannot be read as an ssh configuration: {error}") from None


def _port(text: str, alias: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):  # noqa: PLR2004 - as TCP has them
        raise ConfigurationError(f"{alias}: ssh configuration: not a port (got {text[:40]!r}, expected 1-65535)")
    return int(text)


def _first_word(text: str | None) -> str | None:
    return text.split()[0] if text else None


def _jump(text: str, access: HostAccess) -> HostAccess:
    user, _, place = text.rpartition("@")
    address, _, port = place.partition(":")
    if "," in text or not address or (port and not port.isdigit()):
        raise ConfigurationError(f"{access.address}: jump: expected one [user@]host[:port] (got {text!r})")
    given = {"port": int(port)} if port else {}
    return HostAccess(
        address=address,
        user=user or None,
        identity_file=access.identity_file,
        identity_block=access.identity_block,
        known_hosts=access.known_hosts,
        ssh_config=access.ssh_config,
        **given,
    )
