"""A drill at a glance: what ran before, between and after, and for how long the service was down meanwhile. Pure."""

import re
from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.drill.candidate import candidate
from ghcr_audit.drill.settled import settled
from ghcr_audit.drill.snapshot import Phase, Service, Snapshot, snapshot
from ghcr_audit.drill.timeline import Times, times
from ghcr_audit.evidence import Observation
from ghcr_audit.images import is_digest, is_tag
from ghcr_audit.registry.views import digest_in_registry, references, view
from ghcr_audit.report.model import DrillRow, DrillSummary

_VIEWS = ("deployed.registry", "before.registry", "before.candidate_registry")
"""What the registry said during the drill, newest first; what earlier links were told comes after it."""
_LOST = "drill.lost"
_TOUCHED = ("deployed.journal", "deployed.action", "rolled_back.action", "restored.action")
_LOGS = ("before.prepared", *(f"{phase.value}.log" for phase in Phase))
_LOG_LINE = re.compile(r"^log saved: (/[^\n]{1,500})$", re.MULTILINE)
_MAX_LOGS = 10
_REFUSED_BY_THE_FENCE = 75


def drill_summary(audit: Audit) -> DrillSummary | None:
    """The drill of this audit, as far as it came; None when not even the first snapshot was taken."""
    if audit.newest(f"{Phase.BEFORE.value}.container") is None:
        return None
    snapshots = {phase: snapshot(audit, phase) for phase in Phase if _observed(audit, phase)}
    rows = tuple(_row(audit, phase, seen) for phase, seen in snapshots.items())
    back_to = candidate(audit)
    moved = _moved(snapshots.get(Phase.DEPLOYED), snapshots.get(Phase.ROLLED_BACK))
    return DrillSummary(
        touched=_touched(audit),
        lost=audit.newest(_LOST) is not None,
        rows=rows,
        health_url=audit.target.health_url is not None,
        back_to=back_to.tag if back_to else "",
        back_to_source=back_to.source if back_to else "",
        back_to_proven=back_to.proven if back_to else False,
        moved=moved,
        rollback_ms=_rollback_ms(rows) if moved else None,
        forced=audit.forced,
        log_paths=_log_paths(audit),
    )


def _touched(audit: Audit) -> bool:
    """Whether anything of the service may have been changed; of a lost connection nobody knows how far it came."""
    lost_on_the_way = audit.newest(_LOST) is not None and audit.newest("before.journal") is not None
    return lost_on_the_way or bool(audit.keys(*_TOUCHED))


def _observed(audit: Audit, phase: Phase) -> bool:
    return bool(audit.keys(*(f"{phase.value}.{name}" for name in ("container", "action", "times"))))


def _row(audit: Audit, phase: Phase, seen: Snapshot) -> DrillRow:
    service, container = seen.service, audit.newest(f"{phase.value}.container")
    action, watched = audit.newest(f"{phase.value}.action"), settled(audit.newest(f"{phase.value}.settled"))
    digest, measured = _digest(audit, service), _times(audit, phase)
    took_ms = measured.took_ms if measured is not None else None
    return DrillRow(
        phase=phase,
        release=_release(audit, service, digest),
        image_text=service.image_text if service else "",
        digest=digest,
        status=service.status if service else _absent(container),
        health=(service.health or "") if service else "",
        http_healthy=seen.http_healthy,
        settled=watched.verdict if watched is not None else "",
        exit_code=action.exit_code if action is not None else None,
        took_ms=took_ms if took_ms is not None else _asked_for_ms(action),
        times=measured,
        passes=sum(one.key == f"{phase.value}.action" for one in audit.observations),
    )


def _absent(container: Observation | None) -> str:
    missing = container is not None and container.exit_code == 1 and "no such" in container.stderr.lower()
    return "absent" if missing else ""


def _asked_for_ms(action: Observation | None) -> int | None:
    """How long a command took whose end drill.sh did not write down: a restore, or one that ran into its limit."""
    if action is None or action.failure is not None or action.exit_code in (None, _REFUSED_BY_THE_FENCE):
        return None
    return action.duration_ms


def _times(audit: Audit, phase: Phase) -> Times | None:
    """What the polling saw; where the fence refused this phase, what lies there is of another one."""
    begun = (audit.newest(f"{phase.value}.{name}") for name in ("poll", "action"))
    if any(one is not None and one.exit_code == _REFUSED_BY_THE_FENCE for one in begun):
        return None
    return times(audit.newest(f"{phase.value}.times"))


def _digest(audit: Audit, service: Service | None) -> str:
    """The manifest digest of what runs; of several (the same image pushed twice) the one the registry knows."""
    digests = service.digests_of(audit.target.image_ref.name) if service else ()
    known = {digest for _, digest in _served(audit)}
    return next((digest for digest in digests if digest in known), digests[0] if digests else "")


def _release(audit: Audit, service: Service | None, digest: str) -> str:
    """The tag the registry has this digest under; where it was not asked, the tag that the container was started by.

    Of several: the one it was started by, or the audited one; `latest`, which names no release, last.
    """
    if service is None:
        return ""
    started_by, served = _started_by(audit, service), _served(audit)
    fitting = [tag for tag, known in served if known == digest]
    if fitting:
        return min(fitting, key=lambda tag: (tag == "latest", tag != started_by, tag != audit.tag, tag))
    denied = bool(digest) and any(tag == started_by for tag, _ in served)
    return "" if denied else started_by


def _started_by(audit: Audit, service: Service) -> str:
    named, _, _ = service.image_text.partition("@")
    tag = named.removeprefix(f"{audit.target.image_ref.name}:")
    return tag if tag != named and is_tag(tag) else ""


def _served(audit: Audit) -> list[tuple[str, str]]:
    """Every (tag, digest) that the registry told; a tag that was pushed again meanwhile has both."""
    return [pair for pair in _told(audit) if not is_digest(pair[0])]


def _told(audit: Audit) -> Iterator[tuple[str, str]]:
    for seen in (view(audit, key) for key in _VIEWS):
        for answer in seen.manifests if seen else ():
            if answer.readable and answer.digest:
                yield answer.reference, answer.digest
    for reference in references(audit):
        digest, _ = digest_in_registry(audit, reference)
        if digest:
            yield reference, digest


def _moved(deployed: Snapshot | None, rolled_back: Snapshot | None) -> bool | None:
    """Whether the rollback put another image in place; None when one of the two was not seen."""
    before = deployed.service if deployed is not None else None
    after = rolled_back.service if rolled_back is not None else None
    return before.image_id != after.image_id if before is not None and after is not None else None


def _rollback_ms(rows: tuple[DrillRow, ...]) -> int | None:
    """Only of a rollback that says it worked, and whose service then settled as healthy."""
    row = next((row for row in rows if row.phase is Phase.ROLLED_BACK), None)
    if row is None or row.times is None or row.exit_code != 0 or row.settled != "healthy":
        return None
    return row.times.healthy_after_ms


def _log_paths(audit: Audit) -> tuple[str, ...]:
    seen = (audit.newest(key) for key in _LOGS)
    paths = (path for one in seen if one is not None for path in _LOG_LINE.findall(one.stdout))
    return tuple(dict.fromkeys(paths))[:_MAX_LOGS]
