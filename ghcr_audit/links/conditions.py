"""The drill's conditions: what must be so before anything on the host is touched. Each refuses by its own name.

They are claims of the link deploy. One that is required and does not hold forbids the drill; those that an operator
may overrule with a reason (`forced`) become advisory then, and say so.
"""

import re
from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.drill.candidate import Candidate, candidate
from ghcr_audit.drill.compose import compose_file
from ghcr_audit.drill.snapshot import Phase, Snapshot, snapshot
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Claim, Observation, Outcome, Weight
from ghcr_audit.facts import local_image
from ghcr_audit.images import parse_image
from ghcr_audit.links import preflight
from ghcr_audit.links.claim import claim_of, shortened
from ghcr_audit.links.pull import engine_words
from ghcr_audit.registry.views import Access, answered, digest_in_registry, lacks, view

_claim = claim_of("deploy")

REFUSED_EXIT = 75
"""How the host's drill.sh refuses: nothing was changed."""
_UNFINISHED_EXIT = 76
_VOLATILE = ("/tmp", "/var/tmp", "/run", "/dev")  # noqa: S108 - paths inside the container
"""What lies there in a container is not kept over a restart by anybody."""


def conditions(audit: Audit) -> tuple[Claim, ...]:
    """All of them, judged from what was observed before anything was touched."""
    return (
        _lease(audit),
        _new_image(audit),
        _way_back(audit),
        _room(audit),
        _sound(audit),
        _compose_valid(audit),
        _restorable(audit),
        _clean(audit),
        _seen(audit),
        _pins(audit),
    )


def refused(audit: Audit) -> tuple[Claim, ...]:
    """The conditions that forbid the drill; none: it may begin."""
    found = conditions(audit)
    return tuple(one for one in found if one.weight is Weight.REQUIRED and one.outcome is not Outcome.HOLDS)


def begun(audit: Audit) -> bool:
    """Whether the drill opened a journal, or may have: from then on the host must be shown to be as before."""
    return bool(audit.keys("before.journal", "drill.lost", "restored.lease"))


def registry_digest(audit: Audit, phase: Phase) -> tuple[str | None, tuple[str, ...]]:
    """What the registry serves for the audited tag in this phase, and who says so.

    Before the drill an earlier word counts where the host cannot ask (`views.lacks`): the pull was just now.
    """
    key = f"{phase.value}.registry"
    seen = view(audit, key)
    answer = seen.manifest(audit.tag) if seen is not None else None
    if answer is not None and answer.readable:
        return answer.digest, (key,)
    return digest_in_registry(audit, audit.tag) if phase is Phase.BEFORE and lacks(audit, key) else (None, (key,))


def words_of(observation: Observation | None) -> str:
    """Why there is no answer, or a program's own last words."""
    if observation is None:
        return "not seen"
    return observation.failure_text.partition("\n")[0][:500] if observation.failure else engine_words(observation)


def first_line(text: str) -> str:
    """At most 200 characters of it."""
    return text.strip().partition("\n")[0][:200]


def _lease(audit: Audit) -> Claim:
    taken = audit.newest("before.lease")
    outcome, told = Outcome.UNKNOWN, words_of(taken)
    if taken is not None and taken.ok:
        outcome, told = Outcome.HOLDS, first_line(taken.stdout) or "taken"
    elif taken is not None and taken.exit_code in (REFUSED_EXIT, _UNFINISHED_EXIT):
        told = engine_words(taken).removeprefix("refused: ")
    return _claim(audit, "lease", "No other drill holds this host", outcome, told, evidence=("before.lease",))


def _new_image(audit: Audit) -> Claim:
    image = local_image(audit.newest("before.tag_image"))
    served, seen_by = registry_digest(audit, Phase.BEFORE)
    held = image.digests_of(audit.target.image_ref.name) if image is not None else ()
    outcome, told = Outcome.UNKNOWN, "the registry's digest is not known"
    if served is None:
        told = answered(view(audit, "before.registry"), audit.tag).told
    elif image is None:
        asked = audit.newest("before.tag_image")
        absent = asked is not None and "no such image" in asked.stderr.lower()
        outcome = Outcome.BROKEN if absent else Outcome.UNKNOWN
        told = "the image is not on the host" if absent else "the host's images were not seen"
    else:
        outcome = Outcome.HOLDS if served in held else Outcome.BROKEN
        told = served if served in held else f"registry {served}, host {', '.join(held) or 'no digest of a registry'}"
    return _claim(
        audit,
        "new_image",
        f"The image to deploy, {audit.tag}, lies on the host as the registry serves it",
        outcome,
        told,
        evidence=("before.tag_image", *seen_by),
    )


def _way_back(audit: Audit) -> Claim:
    found = candidate(audit)
    outcome, told, keys = Outcome.UNKNOWN, _no_candidate(audit), audit.keys("before.container")
    if found is not None:
        outcome, told, keys = _reachable(audit, found)
        told = f"{found.tag} ({found.source}{'' if found.proven else '; unproven'}): {told}"
    return _claim(audit, "way_back", "There is a release to go back to, and its image", outcome, told, evidence=keys)


def _no_candidate(audit: Audit) -> str:
    if audit.rollback_to is not None:
        return f"{audit.rollback_to[:128]} is the audited release itself, or no release's tag"
    return "no release is known that ran before, was seen healthy, or is older and published"


def _reachable(audit: Audit, found: Candidate) -> tuple[Outcome, str, tuple[str, ...]]:
    """The candidate's image: on the host already, or served by the registry to this host's credential."""
    if local_image(audit.newest("before.candidate")) is not None:
        return Outcome.HOLDS, "on the host", ("before.candidate",)
    answer = answered(view(audit, "before.candidate_registry"), found.tag)
    outcomes = {Access.READABLE: Outcome.HOLDS, Access.UNKNOWN: Outcome.UNKNOWN}
    served = "not on the host, the registry serves it" if answer.access is Access.READABLE else answer.told
    keys = ("before.candidate", "before.candidate_registry")
    return outcomes.get(answer.access, Outcome.BROKEN), served, keys


def _room(audit: Audit) -> Claim:
    """As preflight judges it, but required: a drill that runs out of room in the middle cannot go back."""
    disk = next(one for one in preflight.claims(audit) if one.key == "preflight.disk")
    outcome = Outcome.HOLDS if disk.outcome is Outcome.HOLDS else Outcome.UNKNOWN
    return _claim(audit, "room", "There is room for a drill", outcome, disk.is_, evidence=("host.disk",))


def _sound(audit: Audit) -> Claim:
    before = snapshot(audit, Phase.BEFORE)
    parts = tuple(_soundness(audit, before))
    worst = next(
        (one for one in (Outcome.BROKEN, Outcome.UNKNOWN) if any(one is outcome for outcome, _ in parts)), None
    )
    health = ("before.health",) if audit.target.health_url else ()
    return _overrulable(
        audit,
        "sound",
        "A published release runs, and is healthy",
        worst or Outcome.HOLDS,
        "; ".join(told for _, told in parts),
        evidence=("before.container", "before.image", *health),
    )


def _soundness(audit: Audit, before: Snapshot) -> Iterator[tuple[Outcome, str]]:
    service, name = before.service, audit.target.image_ref.name
    if service is None:
        yield Outcome.UNKNOWN, "the container was not seen"
        return
    runs = service.status == "running"
    yield (Outcome.HOLDS if runs else Outcome.BROKEN), f"{service.status}, {service.image_text}"
    if service.health is not None:
        outcomes = {"healthy": Outcome.HOLDS, "starting": Outcome.UNKNOWN}
        yield outcomes.get(service.health, Outcome.BROKEN), f"Docker says {service.health}"
    if audit.target.health_url is not None:
        outcomes_of_url = {True: Outcome.HOLDS, False: Outcome.BROKEN, None: Outcome.UNKNOWN}
        words = {True: "the URL is healthy", False: "the URL is not healthy", None: "the URL was not asked"}
        yield outcomes_of_url[before.http_healthy], words[before.http_healthy]
    if not service.digests_of(name):
        seen = local_image(audit.newest("before.image")) is not None
        yield (Outcome.BROKEN if seen else Outcome.UNKNOWN), f"its image is none that the registry gave out as {name}"


def _compose_valid(audit: Audit) -> Claim:
    asked, found = audit.newest("before.compose"), compose_file(audit.newest("before.compose"))
    outcome, told = Outcome.UNKNOWN, words_of(asked)
    if found is not None:
        outcome = Outcome.HOLDS if _same_image(found.image, audit.image) else Outcome.BROKEN
        told = f"names {found.image or 'no image'}" + ("" if outcome is Outcome.HOLDS else f", not {audit.image}")
    elif asked is not None and asked.failure is None and not asked.ok:
        outcome = Outcome.BROKEN
    elif asked is not None and asked.ok:
        told = "compose's answer was not seen whole"
    return _claim(
        audit,
        "compose_valid",
        "The compose file on the host is valid and names the image to deploy",
        outcome,
        told,
        evidence=("before.compose",),
    )


def _same_image(text: str, wanted: str) -> bool:
    try:
        return parse_image(text) == parse_image(wanted)
    except ConfigurationError:
        return False


def _restorable(audit: Audit) -> Claim:
    asked, service = audit.newest("before.origin"), snapshot(audit, Phase.BEFORE).service
    made = service.compose if service is not None else None
    outcome, told = Outcome.UNKNOWN, "not seen"
    if service is not None and made is None:
        outcome, told = Outcome.BROKEN, "the container was not made by compose"
    elif asked is not None and asked.failure is None and asked.exit_code != 0:
        outcome, told = Outcome.BROKEN, engine_words(asked)
    elif asked is not None and asked.failure is None and made is not None:
        now = first_line(asked.stdout).removeprefix("hash ")
        outcome = Outcome.HOLDS if now == made.config_hash else Outcome.BROKEN
        told = f"compose's hash {now}" if now == made.config_hash else "compose would not make the same container again"
        told += "" if now == made.config_hash else f" (hash {now or 'none'}, it was made with {made.config_hash})"
    elif asked is not None:
        told = words_of(asked)
    return _claim(
        audit,
        "restorable",
        "Compose would make the container again as it is",
        outcome,
        told,
        evidence=("before.origin", "before.container"),
    )


def _clean(audit: Audit) -> Claim:
    asked, service = audit.newest("before.diff"), snapshot(audit, Phase.BEFORE).service
    outcome, told = Outcome.UNKNOWN, "not seen"
    if asked is not None and (not asked.ok or asked.cut):
        told = "more than can be looked at" if asked.ok else words_of(asked)
    elif asked is not None and service is not None:
        lost = kept_nowhere(asked.stdout, tuple(mount.destination for mount in service.mounts))
        outcome = Outcome.UNKNOWN if lost else Outcome.HOLDS
        told = f"a new container would lose {shortened(lost)}" if lost else "nothing outside mounts"
    return _overrulable(
        audit,
        "clean",
        "The container holds no data of its own, outside its mounts",
        outcome,
        told,
        evidence=("before.diff", "before.container"),
    )


def kept_nowhere(diff: str, mounts: tuple[str, ...]) -> tuple[str, ...]:
    """Those lines of `docker diff` that are neither volatile, nor below a mount, nor a folder that leads to one."""
    kept = tuple(path.rstrip("/") for path in (*mounts, *_VOLATILE))
    return tuple(line for line in diff.splitlines() if line.strip() and not _is_kept(line, kept))


def _is_kept(line: str, kept: tuple[str, ...]) -> bool:
    kind, _, path = line.partition(" ")
    inside = any(path == place or path.startswith(f"{place}/") for place in kept)
    leads_there = any(place.startswith(f"{path.rstrip('/')}/") for place in kept)
    return kind in ("A", "C", "D") and path.startswith("/") and (inside or (kind != "D" and leads_there))


def _seen(audit: Audit) -> Claim:
    before = snapshot(audit, Phase.BEFORE)
    parts = {
        "the container": before.service,
        "sidecars": before.sidecars,
        "local tags": before.tags,
        "state files": before.state_files,
        "files of the deployment": before.files,
    }
    missing = [name for name, part in parts.items() if part is None]
    told = f"not seen: {shortened(missing)}" if missing else f"{', '.join(parts)}"
    keys = tuple(f"before.{name}" for name in ("container", "containers", "tags", "state", "files"))
    outcome = Outcome.UNKNOWN if missing else Outcome.HOLDS
    return _claim(audit, "seen", "All that must be put back was seen", outcome, told, evidence=keys)


def _pins(audit: Audit) -> Claim:
    """By name, container and all: `drill-app-…` is no pin of a drill on `app-db`."""
    asked = audit.newest("before.pins")
    outcome, told = Outcome.UNKNOWN, words_of(asked)
    if asked is not None and asked.ok:
        pattern = rf"drill-{re.escape(audit.target.container[:60])}-([0-9a-f-]{{8,36}})-\d+"
        found = [pin for line in asked.stdout.splitlines() if (pin := re.fullmatch(pattern, line.strip()))]
        others = [pin[0] for pin in found if pin[1] != audit.run]
        outcome = Outcome.UNKNOWN if others else Outcome.HOLDS
        told = f"left by another drill: {shortened(others)}" if others else "none"
    return _claim(audit, "pins", "No other drill left its pins here", outcome, told, evidence=("before.pins",))


def _overrulable(
    audit: Audit, name: str, statement: str, outcome: Outcome, told: str, *, evidence: tuple[str, ...]
) -> Claim:
    """A condition that an operator may overrule, with a reason that stands in the report."""
    weight = Weight.REQUIRED
    if audit.forced and outcome is not Outcome.HOLDS:
        weight, told = Weight.ADVISORY, f"{told}; forced: {audit.forced[:200]}"
    return _claim(audit, name, statement, outcome, told, weight=weight, evidence=evidence)
