"""The drill on the real host: deploy, and the target's own rollback. `restore` then puts the host back as it was.

Order of every step: the journal into the controller's store, then onto the host's disk, then the change, in one
framed exec. Once a journal is open nothing here raises HostError: what is lost is told, and the restore goes on.
"""

from contextlib import suppress
from datetime import datetime

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.holder import holder
from ghcr_audit.adapters.journaled import advanced, asked, lost, open_journal, went_well
from ghcr_audit.adapters.journals import JournalStore
from ghcr_audit.adapters.lease import keep_lease, let_lease_go
from ghcr_audit.adapters.restore import asked_if_over, restored
from ghcr_audit.audit import Audit
from ghcr_audit.drill.candidate import candidate
from ghcr_audit.drill.dead_man import arm
from ghcr_audit.drill.journal import Journal, Step, host_time, pin_of, render, watched
from ghcr_audit.drill.questions import Drill
from ghcr_audit.drill.snapshot import LocalTag, Phase, Snapshot, snapshot
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link
from ghcr_audit.facts import local_image
from ghcr_audit.links.deploy import refused
from ghcr_audit.registry.views import lacks
from ghcr_audit.targets import Target

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
        audit = asked(audit, Link.DEPLOY, drill.put("before.journal", journal), *timer, drill.prepare())
        if not went_well(audit, "before.journal", *(one.key for one in timer), "before.prepared"):
            return audit
        return _deployed(audit, drill, journal, journals)
    except HostError as error:
        return lost(audit, Link.DEPLOY, error)


def roll_back(audit: Audit, journals: JournalStore) -> Audit:
    """The target's own rollback, where its deploy command was seen to end; then the host is put back as it was."""
    journal = open_journal(audit, journals)
    if journal is None:
        return asked_if_over(audit, journals)
    if audit.newest("drill.lost") is None and _ran(audit, "deployed.action"):
        try:
            audit = _rolled_back(audit, _drill(audit), journal, journals)
        except HostError as error:
            audit = lost(audit, Link.ROLLBACK, error)
    return restored(audit, journal, journals)


def finished(audit: Audit, journals: JournalStore) -> Audit:
    """The last resort of a run: its drill, if it is still open, is restored. Nothing is done twice."""
    journal = open_journal(audit, journals)
    audit = restored(audit, journal, journals) if journal is not None else asked_if_over(audit, journals)
    let_lease_go(audit.run)
    return audit


def _drill(audit: Audit) -> Drill:
    anonymous = lacks(audit, "registry.host") == "credential"
    return Drill(target=audit.target, run=audit.run, anonymous=anonymous)


def _leased(audit: Audit, drill: Drill) -> Audit:
    """The lease first, kept from now on: what is seen under it, nobody else's drill changes any more."""
    audit = asked(audit, Link.DEPLOY, drill.take("before.lease", restoring=False, holder=holder()))
    if went_well(audit, "before.lease"):
        keep_lease(drill, holder())
    return audit


def _looked_before(audit: Audit, drill: Drill) -> Audit:
    try:
        audit = asked(audit, Link.DEPLOY, *drill.snapshot(Phase.BEFORE, audit.tag), *drill.preconditions(audit.tag))
        back = candidate(audit)
        return audit if back is None else asked(audit, Link.DEPLOY, *drill.candidate(back.tag))
    except HostError:
        let_lease_go(audit.run)
        raise


def _given_back(audit: Audit, drill: Drill) -> Audit:
    """Refused: nothing was changed, and the lease - where it is ours - goes."""
    let_lease_go(audit.run)
    if went_well(audit, "before.lease"):
        audit = asked(audit, Link.DEPLOY, drill.release())
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
    back, journal = candidate(audit), advanced(journal, Step.DEPLOYING, journals)
    return asked(
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
    back, journal = candidate(audit), advanced(journal, Step.ROLLING_BACK, journals)
    return asked(
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


def _ran(audit: Audit, key: str) -> bool:
    """The action was begun: the fence did not refuse it."""
    found = audit.newest(key)
    return found is not None and found.failure is None and found.exit_code != _REFUSED_EXIT


def drills(target: Target) -> bool:
    """Whether this target allows a drill at all."""
    return target.drill == "allowed" and target.deploy is not None
