"""A drill that somebody else ended: the host's dead-man timer, or another run that restored the host.

Told by the drill itself when it comes back, and of the timer by the next audit's preflight, too.
"""

import re
from datetime import timedelta

from ghcr_audit.audit import Audit
from ghcr_audit.drill.dead_man import ASKED, LATELY, State, TimerSaid, said
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.links.claim import claim_of

TOLD_FOR = timedelta(days=7)
"""So long preflight tells what a timer did."""

_claim = claim_of("preflight")
_OVER = re.compile(r"^refused: (the drill of run [0-9a-f-]{8,36} is over: .{1,100})$", re.MULTILINE)


def restored_by_timer(audit: Audit) -> TimerSaid | None:
    """What it said, where it restored this very drill and closed it; else None."""
    found = said(audit.newest(ASKED))
    return found if found is not None and found.state is State.OVER else None


def closed_by_another(audit: Audit, *keys: str) -> str:
    """Why the host refused to restore from this drill's journal, where it was restored and closed already; '' else."""
    asked = [audit.newest(key) for key in keys or ("restored.lease", "restored.journal")]
    found = [_OVER.search(one.stderr) for one in asked if one is not None and not one.ok]
    return next((one[1] for one in found if one), "")


def ended_by_another(audit: Audit) -> bool:
    """Whether the timer or another run has restored the host of this drill, and closed it."""
    return restored_by_timer(audit) is not None or closed_by_another(audit) != ""


def claims(audit: Audit) -> tuple[Claim, ...]:
    """A warning where a timer had to act on this host lately, for a drill whose run was gone."""
    seen = audit.newest(LATELY)
    found = said(seen)
    if seen is None or found is None or found.at is None or seen.observed_at - found.at > TOLD_FOR:
        return ()
    told = f"of the drill of run {found.run}: {found.told}"
    statement = "No dead-man timer had to restore this host in the last seven days"
    return (
        _claim(
            audit,
            "dead_man_timer",
            statement,
            Outcome.BROKEN,
            told,
            weight=Weight.ADVISORY,
            evidence=(LATELY,),
        ),
    )
