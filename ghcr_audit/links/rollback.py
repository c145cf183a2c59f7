"""Rollback: the target's own command brings the release before back into service; then the host is put back as it was.

The own rollback is judged by where it lands, not by what it prints (incident 10); and it may not need a registry,
which is away just when it is needed (incident 11). The restore is judged by what was seen before and after.
"""

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.drill.candidate import candidate
from ghcr_audit.drill.dead_man import ARMED, ASKED
from ghcr_audit.drill.journal import watched
from ghcr_audit.drill.sameness import Aspect, Difference, differences
from ghcr_audit.drill.snapshot import Phase, Service, Snapshot, snapshot
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.images import parse_image
from ghcr_audit.links.claim import ClaimMaker, claim_of, shortened
from ghcr_audit.links.conditions import begun, words_of
from ghcr_audit.links.dead_man import closed_by_another, restored_by_timer
from ghcr_audit.links.deploy import deployed_digest
from ghcr_audit.links.judged import health, is_absent, ran, refused_by_registry, succeeded, why_not_seen
from ghcr_audit.registry.views import digest_in_registry, view

_claim: ClaimMaker = claim_of("rollback")
_SEEN = ("container", "image", "containers", "tags", "state", "files")


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Everything rollback states: the own rollback, and - once a journal was open - the host as before."""
    return (*own_rollback(audit), *restore(audit))


def own_rollback(audit: Audit) -> tuple[Claim, ...]:
    """Where the target's own rollback lands, and what it needs for that."""
    return (
        succeeded(audit, Phase.ROLLED_BACK, "The target's own rollback command"),
        _left_release(audit),
        _lands_on(audit),
        *health(audit, Phase.ROLLED_BACK),
        _without_registry(audit),
    )


def candidate_digests(audit: Audit) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The manifest digests of the release to go back to, and who says so."""
    name, found = audit.target.image_ref.name, candidate(audit)
    image = facts.local_image(audit.newest("before.candidate"))
    if image is not None and image.digests_of(name):
        return image.digests_of(name), ("before.candidate",)
    tag = found.tag if found is not None else ""
    seen = view(audit, "before.candidate_registry")
    answer = seen.manifest(tag) if seen is not None else None
    if answer is not None and answer.digest is not None and answer.readable:
        return (answer.digest,), ("before.candidate_registry",)
    digest, keys = digest_in_registry(audit, tag)
    return ((digest,) if digest is not None else ()), keys


def _left_release(audit: Audit) -> Claim:
    """By digest; where both releases are one image, by the name that the container was started under."""
    service, (released, seen_by) = _landed_service(audit), deployed_digest(audit)
    outcome, told = Outcome.UNKNOWN, _not_seen(audit)
    if service is not None and released is not None:
        held = service.digests_of(audit.target.image_ref.name)
        one_image = released in candidate_digests(audit)[0]
        stays = service.image_text == audit.image if one_image else released in held
        outcome = Outcome.BROKEN if stays else Outcome.HOLDS
        told = (
            f"{'still runs' if stays else 'runs'} {service.image_text}, {', '.join(held) or 'no digest of a registry'}"
        )
    return _claim(
        audit,
        "left_release",
        f"The target's own rollback leaves {audit.tag}",
        outcome,
        told,
        evidence=("rolled_back.container", "rolled_back.image", *seen_by),
    )


def _landed_service(audit: Audit) -> Service | None:
    """What ran after the own rollback; None where the host refused it: then somebody else has put that there."""
    action = audit.newest("rolled_back.action")
    refused = action is not None and ran(audit, Phase.ROLLED_BACK) is None
    return None if refused else snapshot(audit, Phase.ROLLED_BACK).service


def _not_seen(audit: Audit) -> str:
    if ran(audit, Phase.ROLLED_BACK) is None:
        return f"not run: {why_not_run(audit)}"
    if is_absent(audit, Phase.ROLLED_BACK):
        return "there is no such container"
    return why_not_seen(audit, "rolled_back.container") if audit.newest("rolled_back.container") is None else "not seen"


def why_not_run(audit: Audit) -> str:
    """Why the own rollback was not run: what ended the drill before it."""
    return why_not_seen(
        audit, "rolled_back.action", "rolled_back.journal", "deployed.journal", ARMED, "before.prepared"
    )


def _lands_on(audit: Audit) -> Claim:
    """No published release is broken; another release than expected only warns: the script may know better."""
    found, (wanted, seen_by) = candidate(audit), candidate_digests(audit)
    service, absent = _landed_service(audit), is_absent(audit, Phase.ROLLED_BACK)
    outcome, told, weight = (Outcome.BROKEN if absent else Outcome.UNKNOWN), _not_seen(audit), Weight.REQUIRED
    if service is not None and wanted:
        outcome, told, weight = _landed(audit, service, wanted)
    elif service is not None:
        told = "the digest of the release to go back to is not known"
    tag = found.tag if found is not None else "the release before"
    return _claim(
        audit,
        "lands_on",
        f"The target's own rollback lands on {tag}",
        outcome,
        told,
        weight=weight,
        evidence=("rolled_back.container", "rolled_back.image", *seen_by),
    )


def _landed(audit: Audit, service: Service, wanted: tuple[str, ...]) -> tuple[Outcome, str, Weight]:
    held = service.digests_of(audit.target.image_ref.name)
    if set(held) & set(wanted):
        return Outcome.HOLDS, f"runs {service.image_text}, {', '.join(held)}", Weight.REQUIRED
    if held:
        told = f"runs another release: {service.image_text}, {', '.join(held)}; expected {', '.join(wanted)}"
        return Outcome.BROKEN, told, Weight.ADVISORY
    if facts.local_image(audit.newest("rolled_back.image")) is None:
        return Outcome.UNKNOWN, "the image that runs was not seen", Weight.REQUIRED
    told = f"runs {service.image_text}, which is no image that the registry gave out as {audit.target.image_ref.name}"
    return Outcome.BROKEN, told, Weight.REQUIRED


def pulled_meanwhile(audit: Audit) -> tuple[str, ...]:
    """The release's images that the engine pulled during the own rollback."""
    asked = audit.newest("rolled_back.pulled")
    lines = asked.stdout.splitlines()[:50] if asked is not None and asked.ok else []
    return tuple(dict.fromkeys(text.strip() for text in lines if _of_target(audit, text.strip())))


def _of_target(audit: Audit, text: str) -> bool:
    try:
        return parse_image(text).name == audit.target.image_ref.name
    except ConfigurationError:
        return False


def _without_registry(audit: Audit) -> Claim:
    asked, action = audit.newest("rolled_back.pulled"), ran(audit, Phase.ROLLED_BACK)
    pulled, words = pulled_meanwhile(audit), refused_by_registry(action)
    outcome, told, evidence = Outcome.UNKNOWN, _not_seen(audit), ["rolled_back.action", "rolled_back.pulled"]
    if pulled:
        outcome, told = Outcome.BROKEN, f"it pulled {shortened(pulled)}: needs the registry"
    elif words:
        outcome, told = Outcome.BROKEN, f"the registry refused it: {words}"
    elif action is not None and asked is not None and asked.ok:
        outcome, told = Outcome.HOLDS, "nothing of the release was pulled"
    elif asked is not None:
        told = words_of(asked)
    return _claim(
        audit,
        "without_registry",
        "The target's own rollback needs no registry",
        outcome,
        told,
        weight=Weight.ADVISORY,
        evidence=tuple(evidence),
    )


def as_before(audit: Audit) -> tuple[Difference, ...]:
    """In what the host differs after the restore; with those local tags only that a drill may move."""
    return differences(watched_before(audit), snapshot(audit, Phase.RESTORED))


def watched_before(audit: Audit) -> Snapshot:
    """What was before the drill, as its journal keeps it."""
    found = candidate(audit)
    tags = (audit.tag, "latest", *([found.tag] if found is not None else []))
    return watched(audit.target, snapshot(audit, Phase.BEFORE), tags)


def restore(audit: Audit) -> tuple[Claim, ...]:
    """The host as before, aspect by aspect where it is not; nothing where no drill was begun. Never unknown."""
    if not begun(audit):
        return ()
    timer = restored_by_timer(audit)
    if timer is not None:
        return (_restore_claim(audit, "restored", _SAME, timer.told, (ASKED,), outcome=Outcome.HOLDS),)
    if over := closed_by_another(audit):
        return (
            _restore_claim(
                audit, "restored", _SAME, over, ("restored.lease", "restored.journal"), outcome=Outcome.HOLDS
            ),
        )
    return (*_restored(audit), _closed(audit))


def _restored(audit: Audit) -> tuple[Claim, ...]:
    health = ("health",) if audit.target.health_url is not None else ()
    phases, names = ("before", "restored"), (*_SEEN, *health)
    keys = tuple(f"{phase}.{name}" for phase in phases for name in names)
    missing = [key for key in keys if audit.newest(key) is None]
    if missing:
        why = why_not_seen(audit, "restored.action", "restored.journal", "restored.lease")
        told = f"not verified: {why} (missing: {shortened(missing)})"
        return (_restore_claim(audit, "restored", _SAME, told, keys),)
    found = as_before(audit)
    if not found:
        told = f"compared: {', '.join(aspect.told for aspect in Aspect)}"
        return (_restore_claim(audit, "restored", _SAME, told, keys, outcome=Outcome.HOLDS),)
    return tuple(
        _differing(audit, aspect, found, keys) for aspect in Aspect if any(one.aspect is aspect for one in found)
    )


_SAME = "The host is the same as before the drill"


def _differing(audit: Audit, aspect: Aspect, found: tuple[Difference, ...], keys: tuple[str, ...]) -> Claim:
    told = [one.told for one in found if one.aspect is aspect]
    more = f" and {len(told) - 6} more" if len(told) > 6 else ""  # noqa: PLR2004 - as many as others name
    statement = f"{_SAME}: {aspect.told}"
    return _restore_claim(audit, f"restored_{aspect.value}", statement, "; ".join(told[:6]) + more, keys)


def _closed(audit: Audit) -> Claim:
    asked = audit.newest("restored.closed")
    statement = "Pins, journal and lease of the drill are gone from the host"
    if asked is not None and asked.ok:
        return _restore_claim(audit, "restored_closed", statement, "gone", ("restored.closed",), outcome=Outcome.HOLDS)
    why = words_of(asked) if asked is not None else "they stand until the host is as before"
    return _restore_claim(audit, "restored_closed", statement, f"not verified: {why}", ("restored.closed",))


def _restore_claim(
    audit: Audit, name: str, statement: str, told: str, keys: tuple[str, ...], *, outcome: Outcome = Outcome.BROKEN
) -> Claim:
    cited = audit.keys(*keys) or audit.keys("drill.lost", "before.journal", "restored.lease")
    return _claim(audit, name, statement, outcome, told, weight=Weight.RESTORE, evidence=cited)
