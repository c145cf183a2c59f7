"""What goes wrong on the way to a host, each as one sentence with its cause and whether another try may help."""

import socket

from ghcr_audit.adapters.lean_paramiko import paramiko
from ghcr_audit.adapters.user_keys import UserKeys
from ghcr_audit.causes import Cause
from ghcr_audit.errors import HostError

CONNECT_TIMEOUT_S = 10
"""The limit of each step: TCP connection, greeting, key exchange, a channel, the start of a command."""


def no_such_name(where: str, address: str) -> HostError:
    """The name has no address."""
    return HostError(f"{where}: connect: no such name {address!r}", cause=Cause.DNS_FAILURE, temporary=True)


def unreachable(where: str, error: Exception) -> HostError:
    """Nothing answers there, or not as an SSH server does."""
    return HostError(
        f"{where}: connect: {_said(error)}",
        cause=Cause.SSH_UNREACHABLE,
        hint="Check address and port of [host] in the target file, and that an SSH server answers there.",
        temporary=True,
    )


def changed_key(where: str, error: paramiko.BadHostKeyException) -> HostError:
    """The host's key is another one than the known_hosts file says."""
    return HostError(
        f"{where}: check the host key: it is not the pinned one"
        f" (got {error.key.fingerprint}, expected {error.expected_key.fingerprint})",
        cause=Cause.SSH_HOST_KEY_MISMATCH,
        hint="The host was reinstalled, or somebody stands in between. Find out which before you change the pin.",
    )


def unreadable_key(where: str, keys: UserKeys) -> HostError:
    """None of the named key files can be read."""
    return HostError(
        f"{where}: log in: the private key cannot be read ({', '.join(keys.unreadable)})",
        cause=Cause.SSH_AUTH_FAILED,
        hint="Check identity_file of [host] in the target file: it must name a private key that this user may read.",
    )


def no_key_in_block(where: str, name: str) -> HostError:
    """What the Secret block holds cannot log in anywhere."""
    return HostError(
        f"{where}: log in: what the Secret block {name} holds is no private key without a passphrase",
        cause=Cause.SSH_AUTH_FAILED,
        hint="Store the whole file that ssh-keygen wrote, from its BEGIN line to its END line.",
    )


def refused(where: str, keys: UserKeys, error: Exception) -> HostError:
    """The host is reached and trusted, and lets none of our keys in."""
    if keys.encrypted and not keys.usable:
        return HostError(
            f"{where}: log in: the private key is encrypted, and no SSH agent opens the way ({keys.encrypted[0]})",
            cause=Cause.SSH_AUTH_FAILED,
            hint="Load it into an SSH agent (`ssh-add`), or name a key without a passphrase.",
        )
    tried = ", ".join(keys.usable) or (f"Secret block {keys.block}" if keys.block else "agent and default keys")
    return HostError(
        f"{where}: log in: the host refused every key ({tried}): {str(error)[:120]}",
        cause=Cause.SSH_AUTH_FAILED,
        hint="Check user and identity_file of [host], and the user's authorized_keys on the host.",
    )


def no_shell(where: str) -> HostError:
    """The connection stands, but no command can be started."""
    return HostError(
        f"{where}: run commands: the host refused a shell, or gave none within {CONNECT_TIMEOUT_S} s",
        cause=Cause.SSH_UNREACHABLE,
        hint="The login must be allowed to run commands; a host that hangs or is overloaded looks the same.",
        temporary=True,
    )


def cut(where: str) -> HostError:
    """The connection broke; what was started on the host goes on to its own limit there."""
    return HostError(f"{where}: the connection was cut", cause=Cause.SSH_UNREACHABLE, temporary=True)


def late(where: str) -> HostError:
    """The host did not answer within the sum of all limits."""
    return HostError(
        f"{where}: run commands: no answer in time",
        cause=Cause.NETWORK_UNREACHABLE_OR_TIMEOUT,
        temporary=True,
    )


def _said(error: Exception) -> str:
    """What happened, in one line; paramiko's error of several addresses hides the system's words."""
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        error = next(iter(error.errors.values()))
    if isinstance(error, TimeoutError | socket.timeout):
        return f"no answer within {CONNECT_TIMEOUT_S} s"
    text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    if "banner" in text or "protocol version" in text:
        return f"what answers there is no SSH server, or hung up ({text[:80]})"
    return text[:200]
