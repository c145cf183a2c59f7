"""Deploy: the target's own command brings the release into service, and what runs afterwards is that release.

What runs beats what a script printed (incident 2): registry, image on the host, running container and health URL
must name the same release, and the container must have been started after the command began.
"""

import re

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.drill.dead_man import ARMED
from ghcr_audit.drill.snapshot import Phase, Service, Sidecar, snapshot
from ghcr_audit.evidence import Claim, Observation, Outcome, Weight
from ghcr_audit.links.as_composed import as_composed
from ghcr_audit.links.claim import claim_of, shortened
from ghcr_audit.links.conditions import begun, conditions, refused, registry_digest
from ghcr_audit.links.judged import health, is_absent, restarts, succeeded, why_not_seen
from ghcr_audit.registry.views import lacks

__all__ = ["begun", "claims", "conditions", "deployed_digest", "refused"]

_claim = claim_of("deploy")
_BEGIN = re.compile(r"^[0-9]{1,15} begin ([0-9]{1,12})$", re.MULTILINE | re.ASCII)


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Everything deploy states; its conditions alone where one of them forbade the drill."""
    found = conditions(audit)
    if refused(audit) and not begun(audit):
        return found
    return (
        *found,
        _prepared(audit),
        succeeded(audit, Phase.DEPLOYED, "The target's own deploy command"),
        _registry_steady(audit),
        _host_has_digest(audit),
        _running_digest(audit),
        _started_anew(audit),
        *_version(audit),
        *health(audit, Phase.DEPLOYED),
        restarts(audit, Phase.DEPLOYED),
        _sidecars(audit),
        *as_composed(audit),
    )


def deployed_digest(audit: Audit) -> tuple[str | None, tuple[str, ...]]:
    """The digest that must run now: what the registry serves for the tag after the deploy, else what it did before."""
    digest, keys = registry_digest(audit, Phase.DEPLOYED)
    return (digest, keys) if digest is not None else registry_digest(audit, Phase.BEFORE)


def _prepared(audit: Audit) -> Claim:
    asked = audit.newest("before.prepared")
    outcome, told = Outcome.UNKNOWN, why_not_seen(audit, ARMED, "before.prepared", "before.journal")
    if asked is not None and asked.ok:
        saved = next((line for line in asked.stdout.splitlines() if line.startswith("log saved: ")), "no log was saved")
        outcome, told = Outcome.HOLDS, saved[:300]
    return _claim(
        audit,
        "prepared",
        "Journal, pins and copies were made before anything was touched",
        outcome,
        told,
        evidence=("before.journal", "before.prepared"),
    )


def _registry_steady(audit: Audit) -> Claim:
    (was, was_by), (now, now_by) = (registry_digest(audit, phase) for phase in (Phase.BEFORE, Phase.DEPLOYED))
    outcome, told = Outcome.UNKNOWN, "the registry's digest is not known"
    lacking = lacks(audit, "deployed.registry")
    if lacking:
        told = f"the host cannot ask the registry again: it lacks {'curl' if lacking == 'curl' else 'a credential'}"
    elif was is not None and now is not None:
        outcome = Outcome.HOLDS if was == now else Outcome.BROKEN
        told = now if was == now else f"the registry serves {now}, it served {was} before the drill"
    elif audit.newest("deployed.registry") is None:
        told = why_not_seen(audit, *_ENDED)
    return _claim(
        audit,
        "registry_steady",
        f"The registry's {audit.tag} is the same image before and after",
        outcome,
        told,
        weight=Weight.ADVISORY if lacking else Weight.REQUIRED,
        evidence=(*was_by, *now_by),
    )


_ENDED = (ARMED, "before.prepared", "deployed.journal")


def _host_has_digest(audit: Audit) -> Claim:
    wanted, seen_by = deployed_digest(audit)
    asked = audit.newest("deployed.tag_image")
    image = facts.local_image(asked)
    outcome, told = Outcome.UNKNOWN, why_not_seen(audit, *_ENDED) if asked is None else "the image was not seen"
    if image is not None and wanted is not None:
        held = image.digests_of(audit.target.image_ref.name)
        outcome = Outcome.HOLDS if wanted in held else Outcome.BROKEN
        told = wanted if wanted in held else f"registry {wanted}, host {', '.join(held) or 'no digest of a registry'}"
    elif asked is not None and asked.failure is None and "no such image" in asked.stderr.lower():
        outcome, told = Outcome.BROKEN, "the image is not on the host"
    return _claim(
        audit,
        "host_has_digest",
        f"The host's {audit.tag} is the digest that the registry serves",
        outcome,
        told,
        evidence=("deployed.tag_image", *seen_by),
    )


def _running_digest(audit: Audit) -> Claim:
    wanted, seen_by = deployed_digest(audit)
    service = snapshot(audit, Phase.DEPLOYED).service
    absent = is_absent(audit, Phase.DEPLOYED)
    outcome, told = (Outcome.BROKEN if absent else Outcome.UNKNOWN), _not_seen(audit)
    if service is not None and wanted is not None:
        held = service.digests_of(audit.target.image_ref.name)
        image_seen = facts.local_image(audit.newest("deployed.image")) is not None
        runs = f"runs {service.image_text} with {', '.join(held) or 'no digest of the registry'}"
        outcome = Outcome.HOLDS if wanted in held else Outcome.BROKEN if image_seen else Outcome.UNKNOWN
        told = wanted if wanted in held else f"{runs}; the release is {wanted}"
    return _claim(
        audit,
        "running_digest",
        f"What runs as {audit.target.container} is the digest that the registry serves for {audit.tag}",
        outcome,
        told,
        evidence=("deployed.container", "deployed.image", *seen_by),
    )


def _not_seen(audit: Audit) -> str:
    asked = audit.newest("deployed.container")
    if asked is None:
        return why_not_seen(audit, *_ENDED)
    return "there is no such container" if is_absent(audit, Phase.DEPLOYED) else "the container was not seen"


def _started_anew(audit: Audit) -> Claim:
    """Where the release ran already, compose may rightly have had nothing to change: then this only warns."""
    service, before = (snapshot(audit, phase).service for phase in (Phase.DEPLOYED, Phase.BEFORE))
    begun_s = _begun_s(audit.newest("deployed.times"))
    started = facts.moment(service.started_at) if service is not None else None
    outcome, told, weight = Outcome.UNKNOWN, _not_seen(audit), Weight.REQUIRED
    if service is not None and (started is None or begun_s is None):
        told = "when it was started is not known" if started is None else "when the command began is not known"
    elif service is not None and started is not None and begun_s is not None:
        late_s = started.timestamp() - begun_s
        outcome = Outcome.HOLDS if late_s >= 0 else Outcome.BROKEN
        told = f"started {late_s:.1f} s after it began" if late_s >= 0 else f"started {-late_s:.0f} s before it began"
        if late_s < 0 and _ran_already(audit, service, before):
            weight, told = Weight.ADVISORY, "it ran already; compose had nothing to change"
    return _claim(
        audit,
        "started_anew",
        "The container was started after the deploy command began",
        outcome,
        told,
        weight=weight,
        evidence=("deployed.container", "deployed.times"),
    )


def _begun_s(observation: Observation | None) -> int | None:
    """When the action began, in whole seconds since 1970 by the host's clock: the one that stamps containers too."""
    found = _BEGIN.findall(observation.stdout) if observation is not None and observation.ok else []
    return int(found[-1]) if found else None


def _ran_already(audit: Audit, service: Service, before: Service | None) -> bool:
    wanted, _ = deployed_digest(audit)
    held = before.digests_of(audit.target.image_ref.name) if before is not None else ()
    return before is not None and before.id == service.id and wanted in held


def _version(audit: Audit) -> tuple[Claim, ...]:
    """Only where the health URL reports a version that looks like a release tag, or nobody asked whether it does."""
    found = facts.http_health(audit.newest("deployed.health"))
    version = found.version if found is not None else None
    if audit.target.health_url is None or (found is not None and not _is_release(audit, version)):
        return ()
    outcome, told = Outcome.UNKNOWN, why_not_seen(audit, "deployed.health", *_ENDED)
    if version is not None:
        outcome, told = (Outcome.HOLDS if version == audit.tag else Outcome.BROKEN), f"reports {version}"
    return (
        _claim(audit, "version", f"The health URL reports {audit.tag}", outcome, told, evidence=("deployed.health",)),
    )


def _is_release(audit: Audit, version: str | None) -> bool:
    return version is not None and re.fullmatch(audit.target.tag_pattern, version) is not None


def _sidecars(audit: Audit) -> Claim:
    before, after = (snapshot(audit, phase).sidecars for phase in (Phase.BEFORE, Phase.DEPLOYED))
    outcome, told = Outcome.UNKNOWN, "the sidecars were not seen"
    if before is not None and after is not None:
        changed = _changed(before, after)
        outcome = Outcome.BROKEN if changed else Outcome.HOLDS
        told = shortened(changed) if changed else f"{len(before)} as before"
    elif audit.newest("deployed.containers") is None:
        told = why_not_seen(audit, *_ENDED)
    return _claim(
        audit,
        "sidecars",
        "The other containers of the project were not touched",
        outcome,
        told,
        evidence=("before.containers", "deployed.containers", "deployed.container"),
    )


def _changed(before: tuple[Sidecar, ...], after: tuple[Sidecar, ...]) -> list[str]:
    now = {one.name: one for one in after}
    changed = []
    for was in before:
        is_ = now.get(was.name)
        if is_ is None:
            changed.append(f"{was.name} is gone")
        elif is_.id != was.id:
            changed.append(f"{was.name} is another container now")
        elif was.status == "running" != is_.status:
            changed.append(f"{was.name} is {is_.status}")
    return changed
