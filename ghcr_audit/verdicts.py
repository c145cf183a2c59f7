"""From claims to a verdict. The verdict's value is the *name* of the Prefect state."""

from collections.abc import Sequence
from enum import StrEnum

from ghcr_audit.evidence import Claim, Outcome, Weight


class Verdict(StrEnum):
    """What an audit concludes. `UNKNOWN` is never passed."""

    PASSED = "Passed"
    PASSED_WITH_WARNINGS = "PassedWithWarnings"
    BROKEN = "Broken"
    BLOCKED = "Blocked"
    UNKNOWN = "Unknown"
    RESTORE_FAILED = "RestoreFailed"

    @property
    def passed(self) -> bool:
        """True for the two verdicts that let a release stand."""
        return self in (Verdict.PASSED, Verdict.PASSED_WITH_WARNINGS)

    @property
    def exit_code(self) -> int:
        """The process exit code that tells this verdict (1 is for tool errors, 2 for configuration)."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.PASSED_WITH_WARNINGS: 0,
    Verdict.BROKEN: 3,
    Verdict.BLOCKED: 4,
    Verdict.UNKNOWN: 5,
    Verdict.RESTORE_FAILED: 6,
}


def judge(claims: Sequence[Claim]) -> Verdict:
    """The verdict that follows from the claims.

    What could not be put back comes first: a person must look at it now. Then a broken gate blocks: what lies
    behind a refused credential cannot be judged.
    No claim at all is no proof at all: `UNKNOWN`.
    """
    open_claims = [claim for claim in claims if claim.outcome is not Outcome.HOLDS]
    seen = {(claim.weight, claim.outcome) for claim in open_claims}
    if (Weight.RESTORE, Outcome.BROKEN) in seen:
        return Verdict.RESTORE_FAILED
    if (Weight.GATE, Outcome.BROKEN) in seen:
        return Verdict.BLOCKED
    if (Weight.REQUIRED, Outcome.BROKEN) in seen:
        return Verdict.BROKEN
    if any(claim.weight is not Weight.ADVISORY for claim in open_claims) or not claims:
        return Verdict.UNKNOWN
    return Verdict.PASSED_WITH_WARNINGS if open_claims else Verdict.PASSED
