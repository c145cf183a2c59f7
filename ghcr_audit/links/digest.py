"""Digest: what the registry serves for the tag is what lies on the host, and what runs is a known release.

RepoDigests are compared, never image ids: an id is a config digest on the classic store and a manifest digest
on the containerd store.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Claim, Mode, Outcome, Weight
from ghcr_audit.images import parse_image
from ghcr_audit.links.claim import claim_of
from ghcr_audit.registry.views import (
    CONTROLLER,
    CONTROLLER_CREDENTIAL,
    HOST,
    OPERATOR,
    answered,
    digest_in_registry,
    published,
    references,
    repository_unknown,
    view,
)

_claim = claim_of("digest")

_ASKED_FULLY = (HOST, OPERATOR, CONTROLLER_CREDENTIAL, CONTROLLER)
"""The vantage points that are also told platforms, by trust."""


class Origin(StrEnum):
    """Where the running container's image is from."""

    RELEASE = "release"
    """A published tag names this very digest."""
    MOVED = "moved"
    """The tag that the container was started from names another digest by now."""
    FOREIGN = "foreign"
    """The registry never gave it out under this name: built or loaded on the host."""
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What runs; `release` is its tag where that is known, `evidence` the observations that say so."""

    origin: Origin
    told: str
    release: str | None = None
    evidence: tuple[str, ...] = ("host.container", "host.running_image")


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Everything digest states, judged from what was observed so far."""
    return (
        _registry_equals_host(audit),
        _platform(audit),
        _running_is_release(audit),
        *_running_is_tag(audit),
        *_started_from_registry(audit),
        *_health_version(audit),
    )


def host_image(audit: Audit) -> tuple[facts.LocalImage | None, str]:
    """The audited image as it lies on the host, and the observation of it: after the pull in modes that pull."""
    key = "host.image_before" if audit.mode is Mode.OBSERVE else "pull.tag_after"
    return facts.local_image(audit.newest(key)), key


def _registry_equals_host(audit: Audit) -> Claim:
    served, seen_by = digest_in_registry(audit, audit.tag)
    image, key = host_image(audit)
    held = image.digests_of(audit.target.image_ref.name) if image else ()
    outcome = Outcome.UNKNOWN
    if served is None:
        absent = published(audit, audit.tag)[0] is False
        told = "the registry has no such tag" if absent else "the registry's digest is not known"
    elif image is None:
        told = _no_image(audit, key)
    else:
        outcome = Outcome.HOLDS if served in held else Outcome.BROKEN
        told = served if served in held else f"registry {served}, host {', '.join(held) or 'no digest of a registry'}"
    if outcome is Outcome.HOLDS and (other := _stood_before(audit, key, told)):
        outcome, told = Outcome.BROKEN, other
    return _claim(
        audit,
        "registry_equals_host",
        f"The host's {audit.tag} is the digest that the registry serves",
        outcome,
        told,
        evidence=(*seen_by, key),
    )


def _stood_before(audit: Audit, key: str, served: str) -> str:
    """Where the pull moved the tag (and put it back): what stands under it on the host, '' where that is the same."""
    before = facts.local_image(audit.newest("host.image_before"))
    if before is None or key == "host.image_before":
        return ""
    held = before.digests_of(audit.target.image_ref.name)
    return "" if served in held else f"registry {served}, host {', '.join(held) or 'no digest of a registry'}"


def _no_image(audit: Audit, key: str) -> str:
    asked = audit.newest(key)
    if asked is None or "no such image" not in asked.stderr.lower():
        return "the host's images were not seen"
    return "the image is not on the host" + ("; mode observe does not pull" if audit.mode is Mode.OBSERVE else "")


def _platform(audit: Audit) -> Claim:
    engine = facts.engine(audit.newest("host.docker_version"))
    wanted = f"{engine.os}/{engine.architecture}" if engine and engine.os else None
    offered, key = _offered_platforms(audit)
    outcome, told = Outcome.UNKNOWN, "the image's platform was not seen"
    if wanted is None:
        told = "the engine did not tell its platform"
    elif offered:
        fits = any(_same_platform(platform, wanted) for platform in offered)
        outcome = Outcome.HOLDS if fits else Outcome.BROKEN
        told = f"image {', '.join(offered[:6])}; host {wanted}"
    return _claim(
        audit,
        "platform",
        "The image is built for the host's platform",
        outcome,
        told,
        evidence=(key, "host.docker_version"),
    )


def _offered_platforms(audit: Audit) -> tuple[tuple[str, ...], str]:
    """The platforms of the audited image, and who says so: the image on the host, else the registry."""
    image, key = host_image(audit)
    if image is not None and image.architecture:  # what is no image at all (a Helm chart) names none
        return (image.platform,), key
    for seen_by in _ASKED_FULLY:
        seen = view(audit, seen_by)
        if seen and (platforms := seen.platforms_of(audit.tag)):
            return tuple(str(platform) for platform in platforms), seen_by
    return (), key


def _same_platform(offered: str, wanted: str) -> bool:
    return offered.split("/")[:2] == wanted.split("/")[:2]


def running(audit: Audit) -> Running:
    """What the running container's image is: a published release, or why it is none or not known."""
    container = facts.container(audit.newest("host.container"))
    image = facts.local_image(audit.newest("host.running_image"))
    if container is None or image is None:
        return Running(origin=Origin.UNSEEN, told="the running container's image was not seen")
    held = image.digests_of(audit.target.image_ref.name)
    for tag in _candidates(audit, container):
        digest, keys = digest_in_registry(audit, tag)
        if digest is not None and digest in held:
            return _seen(Origin.RELEASE, f"{tag}, {digest}", keys, release=tag)
    return _no_release(audit, container.image_text, found=image)


def _no_release(audit: Audit, text: str, *, found: facts.LocalImage) -> Running:
    image = audit.target.image_ref
    held = found.digests_of(image.name)
    named = _parsed_name(text) == image.name
    served, keys = digest_in_registry(audit, text.removeprefix(f"{image.name}:")) if named else (None, ())
    if unknown_to := repository_unknown(audit):
        return _seen(Origin.UNSEEN, f"runs {text}; the registry has no repository {image.repository}", unknown_to)
    if held and served:
        told = f"runs {text} with {', '.join(held)}, but that tag names {served} by now"
        return _seen(Origin.MOVED, told, keys)
    if not held and (served or not named) and not _of_unseen_registry(audit, found):
        return _seen(Origin.FOREIGN, f"runs {text}, which is no image that the registry gave out as {image.name}", keys)
    return _seen(Origin.UNSEEN, f"runs {text}; which release its digest is, the registry did not tell", keys)


def _of_unseen_registry(audit: Audit, found: facts.LocalImage) -> bool:
    """Whether it came from a registry of another name while the target's own gave no answer to anybody."""
    names = (text.rpartition("@")[0].partition("/")[0] for text in found.repo_digests)
    elsewhere = any("." in host or ":" in host for host in names)
    return elsewhere and not any(answered(view(audit, key), audit.tag).status for key in _ASKED_FULLY)


def _seen(origin: Origin, told: str, keys: tuple[str, ...], *, release: str | None = None) -> Running:
    evidence = ("host.container", "host.running_image", *keys)
    return Running(origin=origin, told=told, release=release, evidence=evidence)


def _parsed_name(text: str) -> str:
    """`registry/repository` of an image as written; '' when it cannot be parsed."""
    try:
        return parse_image(text).name
    except ConfigurationError:
        return ""


def _candidates(audit: Audit, container: facts.Container) -> tuple[str, ...]:
    """Release tags first: `latest` names no release."""
    name = audit.target.image_ref.name
    own = container.image_text.removeprefix(f"{name}:")
    found = (audit.tag, own, *references(audit))
    return tuple(dict.fromkeys(tag for tag in found if tag != "latest" and ":" not in tag and "/" not in tag))


_OUTCOMES = {
    Origin.RELEASE: Outcome.HOLDS,
    Origin.MOVED: Outcome.BROKEN,
    Origin.FOREIGN: Outcome.BROKEN,
    Origin.UNSEEN: Outcome.UNKNOWN,
}


def _running_is_release(audit: Audit) -> Claim:
    found = running(audit)
    return _claim(
        audit,
        "running_is_release",
        f"What runs as {audit.target.container} is a published release",
        _OUTCOMES[found.origin],
        found.told,
        evidence=found.evidence,
    )


def _running_is_tag(audit: Audit) -> tuple[Claim, ...]:
    found = running(audit)
    if found.release is None:
        return ()
    return (
        _claim(
            audit,
            "running_is_tag",
            f"What runs is the audited release {audit.tag}",
            Outcome.HOLDS if found.release == audit.tag else Outcome.BROKEN,
            f"runs {found.told}",
            weight=Weight.ADVISORY,
            evidence=found.evidence,
        ),
    )


def _started_from_registry(audit: Audit) -> tuple[Claim, ...]:
    """Under a local name, the next `compose up` starts whatever that name means by then (incidents 2 and 3)."""
    container = facts.container(audit.newest("host.container"))
    if container is None:
        return ()
    named = _parsed_name(container.image_text) == audit.target.image_ref.name
    return (
        _claim(
            audit,
            "started_from_registry",
            f"{audit.target.container} was started under the registry's name of the image",
            Outcome.HOLDS if named else Outcome.BROKEN,
            f"started as {container.image_text}",
            weight=Weight.ADVISORY,
            evidence=("host.container",),
        ),
    )


def _health_version(audit: Audit) -> tuple[Claim, ...]:
    """Only where the endpoint reports a version that looks like a release tag."""
    health, found = facts.http_health(audit.newest("host.health")), running(audit)
    if not health or not health.version or not re.fullmatch(audit.target.tag_pattern, health.version):
        return ()
    outcome, told = Outcome.UNKNOWN, f"reports {health.version}; which release runs is not known"
    if found.release is not None:
        outcome = Outcome.HOLDS if found.release == health.version else Outcome.BROKEN
        told = f"reports {health.version}" + ("" if outcome is Outcome.HOLDS else f", runs {found.release}")
    return (
        _claim(
            audit,
            "health_version",
            "The health URL reports the release that runs",
            outcome,
            told,
            evidence=("host.health", *found.evidence),
        ),
    )
