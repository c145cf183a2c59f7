"""The drill on the real host: deploy, the target's own rollback, and the host put back as it was.

Order of every step: the journal into the controller's store, then onto the host's disk, then the change, in one
framed exec. Once a journal is open nothing here raises HostError: what is lost is told, and the restore goes on.
"""

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.dead_man import asked_timer, held_by_another
from ghcr_audit.adapters.holder import holder
from ghcr_audit.adapters.journals import JournalStore
from ghcr_audit.adapters.lease import keep_lease, let_lease_go
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.audit import Audit, failed
from ghcr_audit.commands import Command
from ghcr_audit.drill.candidate import candidate
from ghcr_audit.drill.dead_man import arm
from ghcr_audit.drill.journal import Journal, Step, host_time, parse, pin_of, render, watched
from ghcr_audit.drill.questions import Drill
from ghcr_audit.drill.sameness import mendable
from ghcr_audit.drill.snapshot import LocalTag, Phase, Snapshot, snapshot
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link, Vantage
from ghcr_audit.facts import local_image
from ghcr_audit.links.dead_man import closed_by_another, ended_by_another, restored_by_timer
from ghcr_audit.links.deploy import begun, refused
from ghcr_audit.targets import Target
from ghcr_audit.views import lacks

RESTORE_WITHIN_S = 240
"""How long a restore goes on trying to reach a host that was lost in mid-drill."""
_AGAIN_AFTER_S = 2
_GOING_BACK = (Step.RESTORING, Step.CLOSING)
_REFUSED_EXIT = 75


def deploy(audit: Audit, journals: JournalStore) -> Audit:
    """Look whether a drill may begin; then journal, and the target's own deploy command.

    Raises:
        HostError: the host was lost before a journal was open; nothing was changed.
    """
    drill = _drill(audit)
    audit = _looked_before(_leased(audit, drill), drill)
    if refused(audit):
        return _given_back(audit, drill)
    journal = _journal(audit)
    try:
        _kept(audit, drill, journal, journals)
        timer = arm(audit.target, audit.run)
        audit = _asked(audit, Link.DEPLOY, drill.put("before.journal", journal), *timer, drill.prepare())
        if not _went_well(audit, "before.journal", *(one.key for one in timer), "before.prepared"):
            return audit
        return _deployed(audit, drill, journal, journals)
    except HostError as error:
        return _lost(audit, Link.DEPLOY, error)


def roll_back(audit: Audit, journals: JournalStore) -> Audit:
    """The target's own rollback, where its deploy command was seen to end; then the host is put back as it was."""
    journal = open_journal(audit, journals)
    if journal is None:
        return _asked_if_over(audit, journals)
    if audit.newest("drill.lost") is None and _ran(audit, "deployed.action"):
        try:
            audit = _rolled_back(audit, _drill(audit), journal, journals)
        except HostError as error:
            audit = _lost(audit, Link.ROLLBACK, error)
    return restored(audit, journal, journals)


def finished(audit: Audit, journals: JournalStore) -> Audit:
    """The last resort of a run: its drill, if it is still open, is restored. Nothing is done twice."""
    journal = open_journal(audit, journals)
    audit = restored(audit, journal, journals) if journal is not None else _asked_if_over(audit, journals)
    let_lease_go(audit.run)
    return audit


def restored(audit: Audit, journal: Journal, journals: JournalStore) -> Audit:
    """The host as the journal says it was, verified; then pins, journal and lease go.

    A host that is away is tried again for RESTORE_WITHIN_S. What differs after two passes and may yet be mended stays
    open: the journal and the pins stand, so that a person or a later `recover` can go on from there, at once.
    """
    drill = Drill(target=audit.target, run=journal.by)
    deadline = time.monotonic() + RESTORE_WITHIN_S
    journal = _advanced(journal, Step.RESTORING, journals)
    passes = 0
    while passes < 2:  # noqa: PLR2004 - one that a moment may have spoilt, and one more
        try:
            audit = _one_pass(asked_timer(audit, drill.run, deadline), drill, journal)
            if ended_by_another(audit):
                _forget(journals, audit)
                break
            if not _went_well(audit, "restored.lease"):
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
                return _lost(audit, Link.ROLLBACK, error)
            time.sleep(_AGAIN_AFTER_S)
    let_lease_go(drill.run)
    return _asked_if_over(audit, journals)


def _worth_waiting(audit: Audit, deadline: float) -> bool:
    """Another run restores the host now: after a while it has closed the drill, or left it to this one."""
    if not held_by_another(audit) or time.monotonic() > deadline:
        return False
    time.sleep(_AGAIN_AFTER_S)
    return True


def _asked_if_over(audit: Audit, journals: JournalStore) -> Audit:
    """A drill that this run began and did not close: the host knows whether another run did while this one slept."""
    if _went_well(audit, "restored.closed") or ended_by_another(audit) or not begun(audit):
        return audit
    drill, deadline = Drill(target=audit.target, run=audit.run), time.monotonic() + RESTORE_WITHIN_S
    try:
        audit = asked_timer(audit, audit.run, deadline)
        while not restored_by_timer(audit):
            command = drill.take("restored.lease", restoring=True, holder=holder())
            audit = _asked(audit, Link.ROLLBACK, command)
            if not _worth_waiting(audit, deadline):
                break
    except HostError as error:
        return _lost(audit, Link.ROLLBACK, error)
    if closed_by_another(audit) and open_journal(audit, journals) is not None:  # never another drill's
        _forget(journals, audit)
    return _left_open(audit, drill)


def _left_open(audit: Audit, drill: Drill) -> Audit:
    """The lease is given back; the journal still forbids every other drill, and nobody's restore need wait."""
    if not _went_well(audit, "restored.lease"):
        return audit
    with suppress(HostError):  # then it ends by itself
        audit = _asked(audit, Link.ROLLBACK, drill.release())
    return audit


def open_journal(audit: Audit, journals: JournalStore) -> Journal | None:
    """The journal of this very run, if its drill is not over."""
    text = journals.read(audit.target.name)
    journal = parse(text) if text else None
    return journal if journal is not None and journal.by == audit.run else None


def _drill(audit: Audit) -> Drill:
    anonymous = lacks(audit, "registry.host") == "credential"
    return Drill(target=audit.target, run=audit.run, anonymous=anonymous)


def _leased(audit: Audit, drill: Drill) -> Audit:
    """The lease first, kept from now on: what is seen under it, nobody else's drill changes any more."""
    audit = _asked(audit, Link.DEPLOY, drill.take("before.lease", restoring=False, holder=holder()))
    if _went_well(audit, "before.lease"):
        keep_lease(drill, holder())
    return audit


def _looked_before(audit: Audit, drill: Drill) -> Audit:
    try:
        audit = _asked(audit, Link.DEPLOY, *drill.snapshot(Phase.BEFORE, audit.tag), *drill.preconditions(audit.tag))
        back = candidate(audit)
        return audit if back is None else _asked(audit, Link.DEPLOY, *drill.candidate(back.tag))
    except HostError:
        let_lease_go(audit.run)
        raise


def _given_back(audit: Audit, drill: Drill) -> Audit:
    """Refused: nothing was changed, and the lease - where it is ours - goes."""
    let_lease_go(audit.run)
    if _went_well(audit, "before.lease"):
        audit = _asked(audit, Link.DEPLOY, drill.release())
    return audit


def _kept(audit: Audit, drill: Drill, journal: Journal, journals: JournalStore) -> None:
    """The first journal, in the controller's store; where there is no room for it, the lease goes before the error."""
    try:
        journals.write(audit.target.name, render(journal))
    except BaseException:
        with suppress(HostError):  # then it ends by itself
            _given_back(audit, drill)
        raise


def _journal(audit: Audit) -> Journal:
    target, back = audit.target, candidate(audit)
    if target.deploy is None:
        raise ValueError("a drill on a target without a table [deploy]")
    tags = (audit.tag, "latest", *([back.tag] if back else []))
    before = watched(target, snapshot(audit, Phase.BEFORE), tags)
    return Journal(
        target=target.name,
        run=audit.run,
        by=audit.run,
        where=target.where,
        image_name=target.image_ref.name,
        container=target.container,
        tag=audit.tag,
        began_at=_began_at(audit),
        before=before,
        pins=_pins(audit, before),
        tag_variable=target.deploy.tag_variable,
        state_directory=target.deploy.state_directory,
        forced=audit.forced,
    )


def _began_at(audit: Audit) -> datetime:
    taken = audit.newest("before.lease")
    return (host_time(taken.stdout) if taken is not None else None) or utc_now()


def _pins(audit: Audit, before: Snapshot) -> tuple[LocalTag, ...]:
    """Every image that the drill involves, each once: what runs, the release, the candidate, what a tag may leave."""
    seen = [local_image(audit.newest(key)) for key in ("before.tag_image", "before.candidate")]
    ids = [before.service.image_id] if before.service else []
    ids += [image.id for image in seen if image is not None]
    ids += [tag.image_id for tag in before.tags or ()]
    name, run = audit.target.container, audit.run
    distinct = list(dict.fromkeys(ids))[:40]
    return tuple(LocalTag(reference=pin_of(name, run, number), image_id=one) for number, one in enumerate(distinct))


def _deployed(audit: Audit, drill: Drill, journal: Journal, journals: JournalStore) -> Audit:
    back, journal = candidate(audit), _advanced(journal, Step.DEPLOYING, journals)
    return _asked(
        audit,
        Link.DEPLOY,
        drill.put("deployed.journal", journal),
        drill.poll_start(Phase.DEPLOYED),
        drill.act(Phase.DEPLOYED, Step.DEPLOYING, tag=audit.tag, previous=back.tag if back else audit.tag),
        drill.settle(Phase.DEPLOYED),
        drill.poll_end(Phase.DEPLOYED),
        *drill.snapshot(Phase.DEPLOYED, audit.tag),
        drill.compose(Phase.DEPLOYED, audit.tag),
        drill.registry(Phase.DEPLOYED, audit.tag),
        drill.log(Phase.DEPLOYED),
    )


def _rolled_back(audit: Audit, drill: Drill, journal: Journal, journals: JournalStore) -> Audit:
    back, journal = candidate(audit), _advanced(journal, Step.ROLLING_BACK, journals)
    return _asked(
        audit,
        Link.ROLLBACK,
        drill.put("rolled_back.journal", journal),
        drill.poll_start(Phase.ROLLED_BACK),
        drill.act(Phase.ROLLED_BACK, Step.ROLLING_BACK, tag=audit.tag, previous=back.tag if back else audit.tag),
        drill.settle(Phase.ROLLED_BACK),
        drill.pulled(Phase.ROLLED_BACK),
        drill.poll_end(Phase.ROLLED_BACK),
        *drill.snapshot(Phase.ROLLED_BACK, audit.tag),
        drill.log(Phase.ROLLED_BACK),
    )


def _one_pass(audit: Audit, drill: Drill, journal: Journal) -> Audit:
    if restored_by_timer(audit):
        return audit
    keep_lease(drill, holder())
    return _asked(
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
    drill, closing = Drill(target=audit.target, run=journal.by), _advanced(journal, Step.CLOSING, journals)
    audit = _asked(audit, Link.ROLLBACK, drill.put("restored.closing", closing), drill.close())
    if _went_well(audit, "restored.closed"):
        _forget(journals, audit)
    return audit


def _forget(journals: JournalStore, audit: Audit) -> None:
    """The controller's copy goes. One that is left over is seen to be one by `recover`."""
    with _going_on_without_store():
        journals.remove(audit.target.name)


def _advanced(journal: Journal, step: Step, journals: JournalStore) -> Journal:
    """The journal one step on, in the controller's store."""
    further = journal.at(step)
    with _going_on_without_store() if step in _GOING_BACK else nullcontext():
        journals.write(journal.target, render(further))
    return further


def _going_on_without_store() -> AbstractContextManager[None]:
    """A store that is away, with whatever error its kind has, must not keep a host from being put back."""
    return suppress(Exception)


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


def _asked(audit: Audit, link: Link, *commands: Command) -> Audit:
    return audit.seeing(*observe_host(host_of(audit.target), Asked(link=link, commands=commands)))


def _lost(audit: Audit, link: Link, error: HostError) -> Audit:
    close_connections()
    return audit.seeing(
        failed(
            "drill.lost",
            link,
            vantage=Vantage.HOST,
            where=audit.target.where,
            asked="go on with the drill",
            at=utc_now(),
            cause=error.cause,
            text=str(error),
        )
    )


def _went_well(audit: Audit, *keys: str) -> bool:
    seen: Iterable[bool] = ((found := audit.newest(key)) is not None and found.ok for key in keys)
    return all(seen)


def _ran(audit: Audit, key: str) -> bool:
    """The action was begun: the fence did not refuse it."""
    found = audit.newest(key)
    return found is not None and found.failure is None and found.exit_code != _REFUSED_EXIT


def drills(target: Target) -> bool:
    """Whether this target allows a drill at all."""
    return target.drill == "allowed" and target.deploy is not None
