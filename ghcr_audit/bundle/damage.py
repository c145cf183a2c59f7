"""What is wrong with a bundle, in words: about what, what was done to it, and how that shows."""

from dataclasses import dataclass

from ghcr_audit.errors import ConfigurationError


class NoBundleError(ConfigurationError):
    """It is no evidence bundle at all, or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is wrong."""

    subject: str
    """`archive`, a member's name, `ledger entry 4`, `report`, `attestation`."""
    what: str
    """One word or two: altered, missing, truncated, re-ordered, refused, repacked ..."""
    told: str = ""

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}" + (f": {self.told}" if self.told else "")
