"""An image that was built for another platform."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.rule import Rank, Rule

RULES: tuple[Rule, ...] = (
    Rule(
        name="no manifest for the platform",
        cause=Cause.PLATFORM_MISMATCH,
        certainty=Certainty.PROVEN,
        rank=Rank.NAMED,
        says=(
            "no matching manifest for linux/",
            "no matching manifest for windows/",
            "no image found in manifest list for architecture",
            "no image found in image index for architecture",
        ),
        why="The index lists platforms, and the host's is not among them.",
    ),
    Rule(
        name="platform, other words",
        cause=Cause.PLATFORM_MISMATCH,
        rank=Rank.NAMED,
        says=(
            "no matching manifest for",
            "no match for platform",
            "exec format error",
            "does not match the specified platform",
            "does not provide the specified platform",
            "does not support the platform",
            "does not provide any platform",
            "operating system … cannot be used on this platform",
            "os … cannot be used on this platform",
            "container operating system does not match",
            "image operating system",
            "no child with platform",
            "choosing an image from manifest list",
            "choosing image instance",
            "no suitable image for platform",
            "no image for platform",
            "platform … not found",
            "unsupported architecture",
            "unsupported platform",
            "unsupported os/arch",
            "architecture … not supported",
            "platform … not supported",
            "platform … mismatch",
            "image architecture … does not match",
            "no manifest found for platform",
            "cannot execute binary file",
            "qemu: uncaught target signal",
        ),
        never=("docker-credential-", "docker-compose: cannot execute"),
        others=(Cause.MANIFEST_FORMAT_UNSUPPORTED, Cause.TAG_NOT_FOUND),
        why="The image was built for another platform than the one that asks.",
    ),
    Rule(
        name="platform, as a warning",
        cause=Cause.PLATFORM_MISMATCH,
        rank=Rank.USUAL,
        says=("does not match the detected host platform",),
        others=(Cause.OTHER,),
        why="Docker warns that the image is for another platform; emulation may run it, so another fault counts more.",
    ),
)
