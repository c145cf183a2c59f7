"""Auth: how long the host's stored token still lasts, where GitHub tells (`token_facts`): warned of in good time.

GitHub names the end of a token in a header of its API (github-authentication-token-expiration). Tokens without an end
have none, and nothing is claimed of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.links.claim import ClaimMaker, claim_of
from ghcr_audit.token_facts import HOST_TOKEN, token_facts

STEPS_DAYS = (14, 7, 3, 1)
"""A warning is told anew when so many days, or fewer, are left."""

_claim: ClaimMaker = claim_of("auth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """When the stored token ends, as seen at one moment; both aware."""

    expires_at: datetime
    seen_at: datetime

    @property
    def left(self) -> timedelta:
        """How long it still lasts; negative once it has ended."""
        return self.expires_at - self.seen_at

    @property
    def step(self) -> int | None:
        """The smallest of STEPS_DAYS that is not below what is left; None while there is more time than that."""
        reached = [days for days in STEPS_DAYS if self.left <= timedelta(days=days)]
        return min(reached, default=None)


def lasting(audit: Audit) -> Lasting | None:
    """When the host's stored token ends; None where nobody tells, or it has ended already (then it is refused)."""
    seen = audit.newest(HOST_TOKEN)
    facts = token_facts(seen)
    if seen is None or facts is None or facts.expires_at is None or facts.expires_at <= seen.observed_at:
        return None
    return Lasting(expires_at=facts.expires_at, seen_at=seen.observed_at)


def claims(audit: Audit) -> tuple[Claim, ...]:
    """That the token lasts for longer than the first step; nothing where its end is not known."""
    found = lasting(audit)
    if found is None:
        return ()
    told = f"it expires at {found.expires_at:%Y-%m-%d %H:%M} UTC, {in_words(found.left)} from when this was seen"
    outcome = Outcome.HOLDS if found.step is None else Outcome.BROKEN
    statement = f"The stored token lasts for more than {STEPS_DAYS[0]} days"
    return (
        _claim(audit, "credential_lasts", statement, outcome, told, weight=Weight.ADVISORY, evidence=(HOST_TOKEN,)),
    )


def in_words(left: timedelta) -> str:
    """`6 days`, `1 day`, `5 hours`: rounded down, so that nobody relies on time that is not there."""
    amount, unit = (left.days, "day") if left.days else (left.seconds // 3600, "hour")
    return f"{amount} {unit}{'' if amount == 1 else 's'}"
