"""The host put back as a drill's journal says it was, verified; then pins, journal and lease go.

Whatever is lost on the way is told, and it is tried again: by this run for a while, then by whoever comes next.
"""

import time
from contextlib import suppress

from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.dead_man import asked_timer, held_by_another
from ghcr_audit.adapters.holder import holder
from ghcr_audit.adapters.journaled import advanced, asked, forget, lost, open_journal, went_well
from ghcr_audit.adapters.journals import JournalStore
from ghcr_audit.adapters.lease import keep_lease, let_lease_go
from ghcr_audit.audit import Audit
from ghcr_audit.drill.journal import Journal, Step
from ghcr_audit.drill.questions import Drill
from ghcr_audit.drill.sameness import mendable
from ghcr_audit.drill.snapshot import Phase, Snapshot, snapshot
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link
from ghcr_audit.links.dead_man import closed_by_another, ended_by_another, restored_by_timer
from ghcr_audit.links.deploy import begun

RESTORE_WITHIN_S = 240
"""How long a restore goes on trying to reach a host that was lost in mid-drill."""
_AGAIN_AFTER_S = 2


def restored(audit: Audit, journal: Journal, journals: JournalStore) -> Audit:
    """The host as the journal says it was, verified; then pins, journal and lease go.

    A host that is away is tried again for RESTORE_WITHIN_S. What differs after two passes and may yet be mended stays
    open: the journal and the pins stand, so that a person or a later `recover` can go on from there, at once.
    """
    drill = Drill(target=audit.target, run=journal.by)
    deadline = time.monotonic() + RESTORE_WITHIN_S
    journal = advanced(journal, Step.RESTORING, journals)
    passes = 0
    while passes < 2:  # noqa: PLR2004 - one that a moment may have spoilt, and one more
        try:
            audit = _one_pass(asked_timer(audit, drill.run, deadline), drill, journal)
            if ended_by_another(audit):
                forget(journals, journal)
                break
            if not went_well(audit, "restored.lease"):
                if _worth_waiting(audit, deadline):
                    continue
                break
            passes += 1
            if not mendable(journal.before, _after(audit, journal)):
                audit = closed(audit, journal, journals)
                break
        except HostError as error:
            close_connections()
            if time.monotonic() > deadline:
                let_lease_go(drill.run)
                return lost(audit, Link.ROLLBACK, error)
            time.sleep(_AGAIN_AFTER_S)
    let_lease_go(drill.run)
    return asked_if_over(audit, journals)


def _worth_waiting(audit: Audit, deadline: float) -> bool:
    """Another run restores the host now: after a while it has closed the drill, or left it to this one."""
    if not held_by_another(audit) or time.monotonic() > deadline:
        return False
    time.sleep(_AGAIN_AFTER_S)
    return True


def asked_if_over(audit: Audit, journals: JournalStore) -> Audit:
    """A drill that this run began and did not close: the host knows whether another run did while this one slept."""
    if went_well(audit, "restored.closed") or ended_by_another(audit) or not begun(audit):
        return audit
    drill, deadline = Drill(target=audit.target, run=audit.run), time.monotonic() + RESTORE_WITHIN_S
    try:
        audit = asked_timer(audit, audit.run, deadline)
        while not restored_by_timer(audit):
            command = drill.take("restored.lease", restoring=True, holder=holder())
            audit = asked(audit, Link.ROLLBACK, command)
            if not _worth_waiting(audit, deadline):
                break
    except HostError as error:
        return lost(audit, Link.ROLLBACK, error)
    own = open_journal(audit, journals)
    if closed_by_another(audit) and own is not None:
        forget(journals, own)
    return _left_open(audit, drill)


def _left_open(audit: Audit, drill: Drill) -> Audit:
    """The lease is given back; the journal still forbids every other drill, and nobody's restore need wait."""
    if not went_well(audit, "restored.lease"):
        return audit
    with suppress(HostError):  # then it ends by itself
        audit = asked(audit, Link.ROLLBACK, drill.release())
    return audit


def _one_pass(audit: Audit, drill: Drill, journal: Journal) -> Audit:
    if restored_by_timer(audit):
        return audit
    keep_lease(drill, holder())
    return asked(
        audit,
        Link.ROLLBACK,
        drill.take("restored.lease", restoring=True, holder=holder()),
        drill.put("restored.journal", journal),
        drill.end_processes(),
        drill.poll_start(Phase.RESTORED),
        drill.restore(),
        drill.settle(Phase.RESTORED),
        drill.poll_end(Phase.RESTORED),
        *drill.snapshot(Phase.RESTORED, journal.tag),
    )


def closed(audit: Audit, journal: Journal, journals: JournalStore) -> Audit:
    """Pins, journal and lease go: on the host first, then the controller's copy.

    Raises:
        HostError: the host was lost; the journal stands at step `closing`.
    """
    drill, closing = Drill(target=audit.target, run=journal.by), advanced(journal, Step.CLOSING, journals)
    audit = asked(audit, Link.ROLLBACK, drill.put("restored.closing", closing), drill.close())
    if went_well(audit, "restored.closed"):
        forget(journals, journal)
    return audit


def _after(audit: Audit, journal: Journal) -> Snapshot:
    """What was seen after the restore, with those tags only that the journal watches, and new ones of its images."""
    after = snapshot(audit, Phase.RESTORED)
    known = {tag.reference for tag in journal.before.tags or ()}
    images = {pin.image_id for pin in journal.pins}
    kept = tuple(
        tag
        for tag in after.tags or ()
        if tag.reference in known or (tag.image_id in images and not tag.reference.startswith("ghcr-audit/pin:"))
    )
    return after.model_copy(update={"tags": kept if after.tags is not None else None})
