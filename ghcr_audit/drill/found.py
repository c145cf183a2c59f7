"""What lies on a host of a drill: its lease, and the journal of an unfinished one. Untrusted: parsed, bounded."""

import re

from ghcr_audit.evidence import Observation, Value

_LEASE = re.compile(r"lease (free|held|expired)(?: ([0-9a-f-]{8,36}) ([0-9]{1,4}) ([ -~]{0,200}))?")


class Found(Value):
    """From `drill look`."""

    held_by: str = ""
    """The run that holds the lease, or held it before it expired; '' when nobody does."""
    left_s: int = 0
    """For how long it still holds it; 0: it has expired."""
    holder: str = ""
    journal: str = ""
    """The journal's text; '' when no drill is open."""


def found(observation: Observation | None) -> Found | None:
    """What was found; None when it was not looked for, or the answer is none."""
    if observation is None or not observation.ok:
        return None
    first, _, rest = observation.stdout.partition("\n")
    lease = _LEASE.fullmatch(first)
    if lease is None:
        return None
    journal = rest.removeprefix("journal\n") if rest.startswith("journal\n") else ""
    return Found(
        held_by=lease[2] or "",
        left_s=int(lease[3] or 0) if lease[1] == "held" else 0,
        holder=(lease[4] or "").strip(),
        journal=journal,
    )
