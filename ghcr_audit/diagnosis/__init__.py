"""Why it is as it is: observations and claims in, ranked findings out. Pure; nothing is asked here.

Each rule looks at one subject and yields findings of it. A rule that cannot tell yields nothing. The rule for drills
is imported when there was one: a check starts without it.
"""

from collections.abc import Callable, Iterable

from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import (
    delivered,
    delivery,
    engine,
    engine_words,
    image,
    own_credential,
    refusal,
    release,
    unreachable,
)
from ghcr_audit.evidence import Certainty, Finding, Mode

Rule = Callable[[Audit], Iterable[Finding]]


def _drill(audit: Audit) -> Iterable[Finding]:
    if audit.mode is not Mode.DRILL:
        return ()
    from ghcr_audit.diagnosis import drill

    return drill.drill(audit)


RULES: tuple[Rule, ...] = (
    _drill,
    unreachable.host,
    unreachable.registry,
    unreachable.curl,
    engine.silent,
    refusal.credential,
    refusal.login,
    own_credential.findings,
    engine.container,
    engine.surroundings,
    release.repository,
    release.audited_tag,
    release.unpublished_tags,
    delivery.findings,
    delivered.findings,
    image.digest,
    image.platform,
    image.artifact,
    image.running,
    image.started,
)

_RANK = {Certainty.PROVEN: 0, Certainty.LIKELY: 1, Certainty.POSSIBLE: 2}


def diagnose(audit: Audit) -> tuple[Finding, ...]:
    """All findings, the surest first, rules' order within the same certainty.

    Of several with the same cause and subject the surest stands: two rules saw the same fault at two times.
    """
    found = [finding for rule in RULES for finding in rule(audit)]
    found += engine_words.explain(audit, found)
    found.sort(key=lambda finding: _RANK[finding.certainty])
    first = {(finding.cause, finding.subject): finding for finding in reversed(found)}
    return tuple(finding for finding in found if first[finding.cause, finding.subject] is finding)
