"""How links word their claims."""

from collections.abc import Iterable
from typing import Protocol

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Link, Outcome, Weight


class ClaimMaker(Protocol):
    """Makes the claims of one link."""

    def __call__(
        self,
        audit: Audit,
        name: str,
        statement: str,
        outcome: Outcome,
        told: str,
        *,
        weight: Weight = Weight.REQUIRED,
        evidence: tuple[str, ...] = (),
    ) -> Claim:
        """A claim that cites those of `evidence` that were observed; it holds only when all of them were."""


def claim_of(link: str) -> ClaimMaker:
    """A maker of claims of this link.

    When the host was lost, a claim that cites nothing observed is unknown for that one reason. A claim that would
    hold is unknown when part of its evidence is missing: less evidence is never better.
    """

    def make(
        audit: Audit,
        name: str,
        statement: str,
        outcome: Outcome,
        told: str,
        *,
        weight: Weight = Weight.REQUIRED,
        evidence: tuple[str, ...] = (),
    ) -> Claim:
        cited = audit.keys(*evidence)
        if audit.host_failure is not None and not cited and outcome is Outcome.UNKNOWN:
            told = "the host could not be looked at"
        missing = [key for key in evidence if key not in cited]
        if outcome is Outcome.HOLDS and missing:
            outcome, told = Outcome.UNKNOWN, f"not all of it was seen (missing: {shortened(missing)})"
        return Claim(
            key=f"{link}.{name}",
            link=Link(link),
            statement=statement,
            outcome=outcome,
            is_=told,
            weight=weight,
            evidence=cited,
        )

    return make


def shortened(names: Iterable[str], limit: int = 6) -> str:
    """At most `limit` names, and how many more there are."""
    names = [name.strip()[:100] for name in names]
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
