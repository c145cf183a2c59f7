"""A host that was not put back, or was not seen to be: the one finding that a person must act on at once."""

from collections.abc import Iterator

from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis.judged import Judged, finding
from ghcr_audit.drill.by_hand import commands
from ghcr_audit.drill.snapshot import Phase, snapshot
from ghcr_audit.evidence import Finding, Outcome, Remedy, Weight
from ghcr_audit.links.rollback import watched_before


def not_restored(judged: Judged) -> Iterator[Finding]:
    """All that is not as before in one finding, with the commands that put it back."""
    audit = judged.audit
    left = [one for one in judged.claims if one.weight is Weight.RESTORE and one.outcome is Outcome.BROKEN]
    if not left:
        return
    told = "; ".join(f"{one.statement}: no - {one.is_}" for one in left)
    seen = snapshot(audit, Phase.RESTORED)
    yield finding(
        judged,
        Cause.HOST_NOT_RESTORED,
        audit.target.where,
        f"{told}."[:1500],
        evidence=tuple(dict.fromkeys(key for one in left for key in one.evidence)),
        remedy=Remedy(
            text="Restore it from the drill's journal, first command. Where that cannot, do the others by hand on "
            f"{audit.target.where}, in this order; the last two only once the service is as it was.",
            commands=commands(audit.target, watched_before(audit), seen if seen.service is not None else None),
        ),
    )
