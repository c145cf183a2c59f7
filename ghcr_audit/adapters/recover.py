"""Bringing a host back after a drill whose run died: from the journal alone, and on an expired lease only."""

import re
from enum import StrEnum

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import host_of
from ghcr_audit.adapters.drill import holder, restored
from ghcr_audit.adapters.journals import JournalStore
from ghcr_audit.adapters.lease import keep_lease
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.audit import Audit
from ghcr_audit.commands import Command
from ghcr_audit.drill.found import found
from ghcr_audit.drill.journal import Journal, UnreadableJournalError, fits, parse
from ghcr_audit.drill.questions import Drill
from ghcr_audit.drill.questions import look as look_at
from ghcr_audit.evidence import Link, Mode, Value
from ghcr_audit.targets import Target

_HELD_EXIT = 75
_LEFT = re.compile(r"for ([0-9]{1,4}) s")
_SHORTEST_WAIT_S = 2


class Outcome(StrEnum):
    """How recovering a target ended."""

    NOTHING = "nothing"
    """No drill is open."""
    BUSY = "busy"
    """Somebody holds the lease: the drill goes on, or is restored at this moment."""
    RESTORED = "restored"
    FAILED = "failed"


class Recovery(Value):
    """What recovering did. `wait_s`: when it is busy, after how long the lease will have expired."""

    outcome: Outcome
    told: str
    wait_s: float = 0
    audit: Audit | None = None
    """With what was observed; None where nobody looked at the host."""
    journal: Journal | None = None


def recover(target: Target, journals: JournalStore, *, run: str, own: bool = False, look: bool = False) -> Recovery:
    """Restore the host if a drill was left open on it.

    `run` is the one that recovers; with `own` it is the drill's own run, whose process is dead: its lease is taken
    over at once. Without an open journal in the store the host is asked only with `look`.

    Raises:
        HostError: the host was not reached.
    """
    try:
        journal = _open(target, journals, run, look=look)
    except UnreadableJournalError as error:
        return Recovery(outcome=Outcome.FAILED, told=error.message)
    if journal is None or (own and journal.run != run):
        return Recovery(outcome=Outcome.NOTHING, told="no drill is open")
    if problem := fits(journal, target):
        return Recovery(outcome=Outcome.FAILED, told=f"the journal does not fit the target: {problem}", journal=journal)
    return _taken_over(target, journals, journal.at(journal.step, by=run))


def _open(target: Target, journals: JournalStore, run: str, *, look: bool) -> Journal | None:
    """The open journal: the controller's copy wins."""
    text = journals.read(target.name)
    if text is None and look and target.deploy is not None:
        text = _on_host(target, run)
    return parse(text) if text else None


def _on_host(target: Target, run: str) -> str:
    audit = _asked(_audit(target, run, "unknown"), look_at(target))
    seen = found(audit.newest("host.drill"))
    return seen.journal if seen is not None and not seen.left_s else ""


def _taken_over(target: Target, journals: JournalStore, journal: Journal) -> Recovery:
    drill = Drill(target=target, run=journal.by)
    audit = _asked(
        _audit(target, journal.by, journal.tag), drill.take("recover.lease", restoring=True, holder=holder())
    )
    taken = audit.newest("recover.lease")
    if taken is None or not taken.ok:
        words = taken.stderr.strip() if taken else "no answer"
        left = _LEFT.search(words)
        held = taken is not None and taken.exit_code == _HELD_EXIT and left is not None
        wait_s = max(float(left[1]) if left else 0.0, _SHORTEST_WAIT_S)
        outcome = Outcome.BUSY if held or "restores" in words else Outcome.FAILED
        return Recovery(outcome=outcome, told=words, wait_s=wait_s, audit=audit, journal=journal)
    keep_lease(drill, holder())
    audit = restored(audit, journal, journals)
    if journals.read(target.name) is None:
        return Recovery(outcome=Outcome.RESTORED, told="the host is as it was", audit=audit, journal=journal)
    return Recovery(outcome=Outcome.FAILED, told="the host is not as it was", audit=audit, journal=journal)


def _audit(target: Target, run: str, tag: str) -> Audit:
    return Audit(target=target, tag=tag, mode=Mode.DRILL, run=run, started_at=utc_now())


def _asked(audit: Audit, *commands: Command) -> Audit:
    return audit.seeing(*observe_host(host_of(audit.target), Asked(link=Link.ROLLBACK, commands=commands)))
