"""One connection per target and process: links share it, and it is closed before an audit waits or ends.

Targets do not wait for one another: each has a lock of its own. How many connections are being opened at once is
limited, since sshd turns callers away while ten are logging in (MaxStartups).
"""

import threading

from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.targets import Target

STARTS_AT_ONCE = 6
"""So many connections may be logging in at the same moment; well below sshd's own limit of ten."""

_open: dict[Target, Host] = {}
_locks: dict[Target, threading.Lock] = {}
_table = threading.Lock()
_starts = threading.BoundedSemaphore(STARTS_AT_ONCE)


def host_of(target: Target) -> Host:
    """The connected host of a target: the one at hand when it still stands, else a new one.

    Raises:
        HostError: not reached, not trusted, or the key was refused.
    """
    registry, sudo = target.image_ref.registry, target.host.sudo
    if target.host.local:
        return LocalHost(registry, sudo)
    from ghcr_audit.adapters.ssh import SshHost, connect  # paramiko costs a third of a second

    with _lock_of(target):
        host = _open.get(target)
        if isinstance(host, SshHost) and host.alive:
            return host
        if host is not None:
            host.close()
        with _starts:
            host = connect(target.host, target.where).masking(registry, sudo)
        _open[target] = host
        return host


def close_connection(target: Target) -> None:
    """End this target's connection, if there is one; those of other targets go on."""
    with _lock_of(target):
        host = _open.pop(target, None)
        if host is not None:
            host.close()


def close_connections() -> None:
    """End every connection of this process."""
    with _table:
        known = tuple(_locks)
    for target in known:
        close_connection(target)


def _lock_of(target: Target) -> threading.Lock:
    with _table:
        return _locks.setdefault(target, threading.Lock())
