"""Why it is as it is: observations and claims in, ranked findings out. Pure; nothing is asked here.

Each rule looks at one subject and yields findings of it. A rule that cannot tell yields nothing.
"""

from collections.abc import Callable, Iterable

from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import engine, image, refusal, release, unreachable
from ghcr_audit.evidence import Certainty, Finding

Rule = Callable[[Audit], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    unreachable.host,
    unreachable.registry,
    unreachable.curl,
    engine.silent,
    refusal.credential,
    refusal.login,
    engine.container,
    engine.surroundings,
    release.repository,
    release.audited_tag,
    release.unpublished_tags,
    image.digest,
    image.platform,
    image.running,
    image.started,
)

_RANK = {Certainty.PROVEN: 0, Certainty.LIKELY: 1, Certainty.POSSIBLE: 2}


def diagnose(audit: Audit) -> tuple[Finding, ...]:
    """All findings, the surest first, rules' order within the same certainty."""
    found = [finding for rule in RULES for finding in rule(audit)]
    return tuple(sorted(found, key=lambda finding: _RANK[finding.certainty]))
