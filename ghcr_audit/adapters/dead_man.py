"""Before a drill's own run restores: whether the timer or another run does, since that run may come back late."""

import time

from ghcr_audit.adapters.connections import host_of
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.audit import Audit
from ghcr_audit.drill.dead_man import ASKED, State, ask, said
from ghcr_audit.evidence import Link

_AGAIN_AFTER_S = 2
_HELD = ("holds the lease", "restores this host")
"""How lease.sh refuses then."""


def asked_timer(audit: Audit, run: str, deadline: float) -> Audit:
    """What the timer says, once it does not restore at this moment; unchanged for a target without one.

    `deadline` (of time.monotonic) is how long it is waited for.

    Raises:
        HostError: the host was not reached.
    """
    commands = ask(audit.target, ASKED, run)
    while commands:
        seen = observe_host(host_of(audit.target), Asked(link=Link.ROLLBACK, commands=commands))
        found = said(next((one for one in seen if one.key == ASKED), None))
        if found is None or found.state is not State.BUSY or time.monotonic() > deadline:
            return audit.seeing(*seen)
        time.sleep(_AGAIN_AFTER_S)
    return audit


def held_by_another(audit: Audit) -> bool:
    """Whether the lease was refused because somebody else restores the host now: the timer, or another run."""
    lease = audit.newest("restored.lease")
    return lease is not None and not lease.ok and any(word in lease.stderr for word in _HELD)
