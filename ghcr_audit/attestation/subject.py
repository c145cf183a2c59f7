"""What a statement is about: the digest that the registry serves for the audited tag."""

from ghcr_audit import facts
from ghcr_audit.evidence import newest
from ghcr_audit.registry.view import parse_view
from ghcr_audit.registry.views import BY_TRUST
from ghcr_audit.report.model import Report


def image_digest(report: Report) -> str | None:
    """`sha256:` and 64 hex digits, as every vantage point read it that could; None when none could.

    None, too, when two of them read different digests (a tag that moved meanwhile, a host that lies): claims
    judged about the one would then be signed about the other.
    """
    seen = {_in_view(report, key) for key in BY_TRUST}
    seen.add(facts.pulled_digest(newest(report.observations, "pull.tag")))
    digests = seen - {None}
    return digests.pop() if len(digests) == 1 else None


def _in_view(report: Report, key: str) -> str | None:
    observation = newest(report.observations, key)
    if observation is None or not observation.ok:
        return None
    answer = parse_view(observation.stdout, truncated=observation.cut).manifest(report.tag)
    return answer.digest if answer is not None and answer.readable else None
