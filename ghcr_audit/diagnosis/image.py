"""The image: another digest than announced, another platform than the host's, or no release at all."""

from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Claim, Finding, Outcome, Remedy
from ghcr_audit.links import digest as digest_link
from ghcr_audit.links.digest import Origin, Running
from ghcr_audit.registry.views import repository_unknown


def digest(audit: Audit) -> Iterator[Finding]:
    """The host's image of this tag is not what the registry serves."""
    yield from _when_broken(
        audit,
        "digest.registry_equals_host",
        Cause.IMAGE_DIGEST_MISMATCH,
        audit.tag,
        "The tag was pushed again, or the image was built on the host. Pull it anew, and never move a release tag.",
    )


def platform(audit: Audit) -> Iterator[Finding]:
    """The image has no manifest for the host."""
    yield from _when_broken(
        audit,
        "digest.platform",
        Cause.PLATFORM_MISMATCH,
        audit.tag,
        "Build the image for the host's platform too (docker buildx build --platform).",
    )


def artifact(audit: Audit) -> Iterator[Finding]:
    """The engine took what the tag names, and it is built for no processor at all: a chart or a cache, no image."""
    image, key = digest_link.host_image(audit)
    if image is None or image.architecture or not image.digests_of(audit.target.image_ref.name):
        return
    yield Finding(
        cause=Cause.MANIFEST_FORMAT_UNSUPPORTED,
        certainty=Certainty.LIKELY,
        subject=audit.tag,
        summary=f"What {audit.tag} names is built for no processor: an artifact, not a container image.",
        evidence_for=audit.keys(key),
        remedy=Remedy(
            text="Push the image under a tag of its own, and charts and build caches under other names.",
            commands=(f"docker buildx imagetools inspect --raw {audit.image}",),
        ),
    )


def running(audit: Audit) -> Iterator[Finding]:
    """What runs is no release that the registry gave out, or no longer the one that its tag names."""
    found = digest_link.running(audit)
    if found.origin is Origin.FOREIGN:
        remedy = "Deploy a published release by its tag; look how the compose file on the host names the image."
        yield _of_container(audit, Cause.RUNNING_IMAGE_NOT_RELEASED, Certainty.PROVEN, found, remedy)
    elif found.origin is Origin.MOVED and not tuple(digest(audit)):  # else the same was said of the tag
        remedy = "The tag was pushed again after it was deployed. Deploy it anew, and never move a release tag."
        yield _of_container(audit, Cause.IMAGE_DIGEST_MISMATCH, Certainty.PROVEN, found, remedy)


def started(audit: Audit) -> Iterator[Finding]:
    """The container was started under a name of the host's own."""
    name = audit.target.image_ref.name
    if repository_unknown(audit):  # then it is the target's name that is wrong
        return
    for claim in _broken(audit, "digest.started_from_registry"):
        remedy = f"Let the compose file on the host name {name}, with the release's tag."
        found = Running(origin=Origin.UNSEEN, told=f"was {claim.is_}, not as {name}", evidence=claim.evidence)
        yield _of_container(audit, Cause.COMPOSE_IMAGE_NOT_REGISTRY, Certainty.LIKELY, found, remedy)


def _of_container(audit: Audit, cause: Cause, certainty: Certainty, found: Running, remedy: str) -> Finding:
    return Finding(
        cause=cause,
        certainty=certainty,
        subject=audit.target.container,
        summary=f"{audit.target.container} {found.told}.",
        evidence_for=audit.keys(*found.evidence),
        remedy=Remedy(text=remedy),
    )


def _when_broken(audit: Audit, key: str, cause: Cause, subject: str, remedy: str) -> Iterator[Finding]:
    for claim in _broken(audit, key):
        yield Finding(
            cause=cause,
            certainty=Certainty.PROVEN,
            subject=subject,
            summary=f"{claim.statement}: no - {claim.is_}.",
            evidence_for=claim.evidence,
            remedy=Remedy(text=remedy),
        )


def _broken(audit: Audit, key: str) -> tuple[Claim, ...]:
    return tuple(claim for claim in digest_link.claims(audit) if claim.key == key and claim.outcome is Outcome.BROKEN)
