"""Digest: what the registry serves for the tag is what lies on the host, and what runs is a known release.

RepoDigests are compared, never image ids: an id is a config digest on the classic store and a manifest digest
on the containerd store.
"""

import re

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Claim, Mode, Outcome, Weight
from ghcr_audit.images import parse_image
from ghcr_audit.links.claim import claim_of
from ghcr_audit.views import CONTROLLER, HOST, OPERATOR, digest_in_registry, references, view

_claim = claim_of("digest")


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Everything digest states, judged from what was observed so far."""
    return (
        _registry_equals_host(audit),
        _platform(audit),
        _running_is_release(audit),
        *_running_is_tag(audit),
        *_health_version(audit),
    )


def host_image(audit: Audit) -> tuple[facts.LocalImage | None, str]:
    """The audited image as it lies on the host: after the pull where there was one, else before."""
    for key in ("pull.tag_after", "host.image_before"):
        if (image := facts.local_image(audit.newest(key))) is not None:
            return image, key
    return None, "pull.tag_after" if audit.newest("pull.tag_after") else "host.image_before"


def _registry_equals_host(audit: Audit) -> Claim:
    served, seen_by = digest_in_registry(audit, audit.tag)
    image, key = host_image(audit)
    held = image.digests_of(audit.target.image_ref.name) if image else ()
    outcome = Outcome.UNKNOWN
    if served is None:
        told = "the registry's digest is not known"
    elif image is None:
        told = "the image is not on the host" + ("; mode observe does not pull" if audit.mode is Mode.OBSERVE else "")
    else:
        outcome = Outcome.HOLDS if served in held else Outcome.BROKEN
        told = served if served in held else f"registry {served}, host {', '.join(held) or 'no digest'}"
    return _claim(
        audit,
        "registry_equals_host",
        f"The host's {audit.tag} is the digest that the registry serves",
        outcome,
        told,
        evidence=(*seen_by, key),
    )


def _platform(audit: Audit) -> Claim:
    engine = facts.engine(audit.newest("host.docker_version"))
    image, key = host_image(audit)
    offered = [image.platform] if image else _offered_platforms(audit)
    wanted = f"{engine.os}/{engine.architecture}" if engine and engine.os else None
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
        evidence=(key, "host.docker_version", HOST, OPERATOR, CONTROLLER),
    )


def _offered_platforms(audit: Audit) -> list[str]:
    for key in (HOST, OPERATOR, CONTROLLER):
        seen = view(audit, key)
        if seen and (platforms := seen.platforms_of(audit.tag)):
            return [str(platform) for platform in platforms]
    return []


def _same_platform(offered: str, wanted: str) -> bool:
    return offered.split("/")[:2] == wanted.split("/")[:2]


def running_release(audit: Audit) -> tuple[str | None, str]:
    """The published tag that the running container's image is, or None and why it is none or not known."""
    container = facts.container(audit.newest("host.container"))
    image = facts.local_image(audit.newest("host.running_image"))
    if container is None or image is None:
        return None, "unknown: the running container's image was not seen"
    name = audit.target.image_ref.name
    held = image.digests_of(name)
    known = {tag: digest_in_registry(audit, tag)[0] for tag in _candidates(audit, container)}
    for tag, digest in known.items():
        if digest in held:
            return tag, f"{tag}, {digest}"
    if not held and (parse_name(container.image_text) != name or any(known.values())):
        return None, f"runs {container.image_text}, which is no image of {name} that the registry gave out"
    if any(known.get(tag) for tag in known if container.image_text == f"{name}:{tag}"):
        return None, f"runs {container.image_text}, but with {', '.join(held)}: not what the registry serves now"
    return None, f"unknown: runs {container.image_text}, whose digest in the registry is not known"


def parse_name(text: str) -> str:
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


_RUNNING = ("host.container", "host.running_image", HOST, OPERATOR, CONTROLLER)


def _running_is_release(audit: Audit) -> Claim:
    release, told = running_release(audit)
    outcome = Outcome.HOLDS if release else Outcome.BROKEN
    if release is None and told.startswith("unknown"):
        outcome = Outcome.UNKNOWN
    return _claim(
        audit,
        "running_is_release",
        f"What runs as {audit.target.container} is a published release",
        outcome,
        told,
        evidence=_RUNNING,
    )


def _running_is_tag(audit: Audit) -> tuple[Claim, ...]:
    release, told = running_release(audit)
    if release is None:
        return ()
    outcome = Outcome.HOLDS if release == audit.tag else Outcome.BROKEN
    return (
        _claim(
            audit,
            "running_is_tag",
            f"What runs is the audited release {audit.tag}",
            outcome,
            f"runs {told}",
            weight=Weight.ADVISORY,
            evidence=_RUNNING,
        ),
    )


def _health_version(audit: Audit) -> tuple[Claim, ...]:
    """Only where the endpoint reports a version that looks like a release tag."""
    health = facts.http_health(audit.newest("host.health"))
    release, _ = running_release(audit)
    if not health or not health.version or not re.fullmatch(audit.target.tag_pattern, health.version):
        return ()
    outcome = Outcome.UNKNOWN if release is None else Outcome.HOLDS if release == health.version else Outcome.BROKEN
    return (
        _claim(
            audit,
            "health_version",
            "The health URL reports the release that runs",
            outcome,
            f"reports {health.version}",
            evidence=("host.health", "host.running_image"),
        ),
    )
