"""The image: another digest than announced, another platform than the host's, or no release at all."""

from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Finding, Outcome, Remedy
from ghcr_audit.links import digest as digest_link


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


def running(audit: Audit) -> Iterator[Finding]:
    """What runs is no release that the registry gave out."""
    yield from _when_broken(
        audit,
        "digest.running_is_release",
        Cause.RUNNING_IMAGE_NOT_RELEASED,
        audit.target.container,
        "Deploy a published release by its tag; look how the compose file on the host names the image.",
    )


def _when_broken(audit: Audit, key: str, cause: Cause, subject: str, remedy: str) -> Iterator[Finding]:
    for claim in digest_link.claims(audit):
        if claim.key == key and claim.outcome is Outcome.BROKEN:
            yield Finding(
                cause=cause,
                certainty=Certainty.PROVEN,
                subject=subject,
                summary=f"{claim.statement}: no - {claim.is_}.",
                evidence_for=claim.evidence,
                remedy=Remedy(text=remedy),
            )
