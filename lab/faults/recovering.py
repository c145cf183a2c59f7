"""Bringing the host back as a watch does: again and again, as soon as the lease may have expired."""

from __future__ import annotations

import time
import uuid

from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.recover import Outcome, Recovery, recover
from ghcr_audit.errors import HostError
from lab.errors import LabError
from lab.faults.site import Site

LIMIT_S = 60
_FAILURES = 3
"""So often a recovery that fails is tried again: the schedule's turn comes after the watch's."""


def recovered(site: Site, *, look: bool = False, own: str | None = None) -> Recovery:
    """Once it is not busy any more; `own` is the drill's own run, whose process is dead.

    Raises:
        LabError: somebody holds the lease for ever.
        HostError: the host was not reached.
    """
    deadline = time.monotonic() + LIMIT_S
    while True:
        found = recover(site.target, site.journals, run=own or str(uuid.uuid4()), own=own is not None, look=look)
        if found.outcome is not Outcome.BUSY:
            return found
        if time.monotonic() > deadline:
            raise LabError(f"recover: busy for {LIMIT_S} s: {found.told}")
        time.sleep(min(found.wait_s, 1))


def recovered_at_last(site: Site) -> Recovery:
    """The same for a host that may be away, or not ready to be restored, at the first try."""
    for _ in range(_FAILURES):
        close_connections()
        try:
            found = recovered(site, look=True)
        except HostError as error:
            found = Recovery(outcome=Outcome.FAILED, told=error.message)
        if found.outcome is not Outcome.FAILED:
            break
        time.sleep(1)
    close_connections()
    return found
