"""Bringing a host back after a drill whose run died: from the journal alone, and on an expired lease only."""

import re
from datetime import timedelta
from enum import StrEnum

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import host_of
from ghcr_audit.adapters.holder import holder
from ghcr_audit.adapters.journals import JournalStore
from ghcr_audit.adapters.lease import keep_lease, let_lease_go
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.adapters.restore import closed, restored
from ghcr_audit.audit import Audit
from ghcr_audit.commands import Command
from ghcr_audit.drill.dead_man import ASKED, LATELY, ask, said
from ghcr_audit.drill.found import Found, found
from ghcr_audit.drill.journal import Journal, Step, UnreadableJournalError, fits, parse, pin_of
from ghcr_audit.drill.questions import Drill
from ghcr_audit.evidence import Link, Mode, Observation, Value
from ghcr_audit.facts import moment
from ghcr_audit.links.dead_man import closed_by_another, restored_by_timer
from ghcr_audit.questions import drill_question
from ghcr_audit.targets import Target

_HELD_EXIT = 75
_LEFT = re.compile(r"for ([0-9]{1,4}) s")
_HELD_BY = re.compile(r"run ([0-9a-f-]{36}) \(")
_SHORTEST_WAIT_S = 2
_LONGEST_DRILL_S = 3 * 3600
"""Twice the longest limits that a target may set: after that no drill still changes anything."""


class Outcome(StrEnum):
    """How recovering a target ended."""

    NOTHING = "nothing"
    """No drill is open."""
    BUSY = "busy"
    """Somebody holds the lease: the drill goes on, or is restored at this moment."""
    RESTORED = "restored"
    FAILED = "failed"


class Since(StrEnum):
    """What a person says of what runs now, where a drill was left open."""

    ASK = "ask"
    """Nothing: what somebody deployed long after the drill is not touched, but told; else the host is restored."""
    KEEP = "keep"
    """It is right: the drill is closed, and nothing of the service is touched."""
    UNDO = "undo"
    """What ran before the drill is to be put back, whatever was deployed since."""


class Recovery(Value):
    """What recovering did. When it is busy: which run holds the lease, and after how long it will have expired."""

    outcome: Outcome
    told: str
    wait_s: float = 0
    held_by: str = ""
    audit: Audit | None = None
    """With what was observed; None where nobody looked at the host."""
    journal: Journal | None = None


def recover(
    target: Target,
    journals: JournalStore,
    *,
    run: str,
    own: bool = False,
    look: bool = False,
    since: Since = Since.ASK,
) -> Recovery:
    """Restore the host if a drill was left open on it.

    `run` is the one that recovers; with `own` it is the drill's own run, whose process is dead: its lease is taken
    over at once. Without an open journal in the store the host is asked only with `look`. `since` is what a person
    says of what runs now.

    Raises:
        HostError: the host was not reached.
    """
    text = journals.read(target.name)  # the controller's copy wins
    lately = ""
    if text is None and look and target.deploy is not None:
        seen, lately = _on_host(target, run)
        if seen.left_s and seen.held_by != run:
            told = f"run {seen.held_by} ({seen.holder}) holds the lease for {seen.left_s} s more"
            wait_s = max(seen.left_s, _SHORTEST_WAIT_S)
            return Recovery(outcome=Outcome.BUSY, told=told, wait_s=wait_s, held_by=seen.held_by)
        text = seen.journal
    try:
        journal = parse(text) if text else None
    except UnreadableJournalError as error:
        return Recovery(outcome=Outcome.FAILED, told=error.message)
    if journal is None or (own and journal.run != run):
        return Recovery(outcome=Outcome.NOTHING, told=f"no drill is open{lately}")
    if problem := fits(journal, target):
        return Recovery(outcome=Outcome.FAILED, told=f"the journal does not fit the target: {problem}", journal=journal)
    return _taken_over(target, journals, journal.at(journal.step, by=run), since)


def _on_host(target: Target, run: str) -> tuple[Found, str]:
    """What lies there (nothing, where the host's answer is none); and in words what its dead-man timer did last."""
    audit = _asked(_audit(target, run, "unknown"), drill_question(target), *ask(target, LATELY))
    timer = said(audit.newest(LATELY))
    lately = f"; of the drill of run {timer.run}: {timer.told}" if timer is not None and timer.word else ""
    return found(audit.newest("host.drill")) or Found(), lately


def _taken_over(target: Target, journals: JournalStore, journal: Journal, since: Since) -> Recovery:
    drill = Drill(target=target, run=journal.by)
    audit = _asked(
        _audit(target, journal.by, journal.tag),
        drill.take("recover.lease", restoring=True, holder=holder()),
        drill.runs_since(),
        drill.pins("recover.pins"),
        drill_question(target),
        *ask(target, ASKED, journal.run),
    )
    taken = audit.newest("recover.lease")
    if closed_by_another(audit, "recover.lease") or restored_by_timer(audit):
        return _over(target, journals, journal, audit)
    if taken is None or not taken.ok:
        return _held(taken, audit, journal)
    if _over_already(audit, journal):
        return _over(target, journals, journal, _asked(audit, drill.release()))
    later = _deployed_since(audit, journal)
    if later and since is Since.ASK:
        audit = _asked(audit, drill.release())
        return Recovery(outcome=Outcome.FAILED, told=later, audit=audit, journal=journal)
    keep_lease(drill, holder())
    return _put_back(audit, journal, journals, keep=journal.step is Step.CLOSING or since is Since.KEEP)


def _held(taken: Observation | None, audit: Audit, journal: Journal) -> Recovery:
    """The lease was not to be had: somebody has it for so long, restores at this moment, or the host did not say."""
    words = taken.stderr.strip() if taken else "no answer"
    left = _LEFT.search(words)
    held = taken is not None and taken.exit_code == _HELD_EXIT and left is not None
    return Recovery(
        outcome=Outcome.BUSY if held or "restores" in words else Outcome.FAILED,
        told=words,
        wait_s=max(float(left[1]) if left else 0.0, _SHORTEST_WAIT_S),
        held_by=by[1] if (by := _HELD_BY.search(words)) else "",
        audit=audit,
        journal=journal,
    )


def _put_back(audit: Audit, journal: Journal, journals: JournalStore, *, keep: bool) -> Recovery:
    """Under the lease: the drill is closed with what runs now, or the host restored."""
    if keep:
        audit, told = closed(audit, journal, journals), "what runs was kept; pins, journal and lease are gone"
        let_lease_go(journal.by)
    else:
        audit, told = restored(audit, journal, journals), "the host is as it was"
    over = journals.read(audit.target.name) is None
    return Recovery(
        outcome=Outcome.RESTORED if over else Outcome.FAILED,
        told=told if over else "the host is not as it was",
        audit=audit,
        journal=journal,
    )


def _over(target: Target, journals: JournalStore, journal: Journal, audit: Audit) -> Recovery:
    """The host was restored, and the drill closed: only the controller's copy is left."""
    journals.remove(target.name)
    timer = restored_by_timer(audit)
    if timer is not None:
        return Recovery(outcome=Outcome.RESTORED, told=timer.told, audit=audit, journal=journal)
    return Recovery(outcome=Outcome.NOTHING, told="the drill was closed on the host already", audit=audit)


def _over_already(audit: Audit, journal: Journal) -> bool:
    """The host has neither journal nor pins of it: another controller closed it, and its copy here was left over.

    Restoring from such a copy could undo what was deployed since.
    """
    seen, pins = found(audit.newest("host.drill")), audit.newest("recover.pins")
    own = pin_of(journal.container, journal.run, 0).rpartition(":")[2].removesuffix("0")
    return (
        seen is not None
        and not seen.journal
        and pins is not None
        and pins.ok
        and not any(line.startswith(own) for line in pins.stdout.splitlines())
    )


def _deployed_since(audit: Audit, journal: Journal) -> str:
    """What somebody deployed since the drill must have ended, whoever left it open; '' when nothing."""
    seen = audit.newest("recover.runs")
    image, _, created = seen.stdout.strip().partition(" ") if seen is not None and seen.ok else ("", "", "")
    made_at = moment(created)
    if made_at is None or image == journal.service.image_id:
        return ""
    ended_at = journal.began_at + timedelta(seconds=_LONGEST_DRILL_S)
    if made_at < ended_at:
        return ""
    return (
        f"{journal.container} was made anew at {made_at:%Y-%m-%d %H:%M:%S} UTC with image {image}, long after the drill"
        f" of {journal.began_at:%Y-%m-%d %H:%M:%S} UTC was left open: somebody deployed since; nothing was changed"
    )


def _audit(target: Target, run: str, tag: str) -> Audit:
    return Audit(target=target, tag=tag, mode=Mode.DRILL, run=run, started_at=utc_now())


def _asked(audit: Audit, *commands: Command) -> Audit:
    return audit.seeing(*observe_host(host_of(audit.target), Asked(link=Link.ROLLBACK, commands=commands)))
