"""One connection per target and process: links share it, and it is closed before an audit waits or ends."""

import threading

from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.targets import Target

_open: dict[Target, Host] = {}
_lock = threading.Lock()


def host_of(target: Target) -> Host:
    """The connected host of a target: the one at hand when it still stands, else a new one.

    Raises:
        HostError: not reached, not trusted, or the key was refused.
    """
    registry, sudo = target.image_ref.registry, target.host.sudo
    if target.host.local:
        return LocalHost(registry, sudo)
    from ghcr_audit.adapters.ssh import SshHost, connect  # paramiko costs a third of a second

    with _lock:
        host = _open.get(target)
        if isinstance(host, SshHost) and host.alive:
            return host
        if host is not None:
            host.close()
        host = connect(target.host, target.where).masking(registry, sudo)
        _open[target] = host
        return host


def close_connections() -> None:
    """End every connection of this process."""
    with _lock:
        for host in _open.values():
            host.close()
        _open.clear()
