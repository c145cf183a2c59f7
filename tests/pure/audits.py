"""Recorded audits of a real lab, and the few edits of them that tests need."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Link, Observation, Outcome, Vantage
from ghcr_audit.links import claims
from ghcr_audit.report.making import report_of
from ghcr_audit.report.model import Report

FOLDER = Path(__file__).parents[1] / "recorded" / "audits"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def recorded(name: str) -> Audit:
    """The audit of one case, as `python -m tests.recorded.record` wrote it."""
    return Audit.model_validate_json((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def report(audit: Audit) -> Report:
    """Its report, finished when it started."""
    return report_of(audit, finished_at=audit.started_at)


def open_claims(audit: Audit) -> dict[str, tuple[Outcome, str]]:
    """What does not hold: outcome and `is` text by the claim's key."""
    found = claims(audit)
    return {claim.key: (claim.outcome, claim.is_) for claim in found if claim.outcome is not Outcome.HOLDS}


def claim(audit: Audit, key: str) -> Claim | None:
    """The claim with this key."""
    return next((found for found in claims(audit) if found.key == key), None)


def without(audit: Audit, *keys: str) -> Audit:
    """The audit as if nobody had ever asked for these."""
    return audit.model_copy(update={"observations": tuple(one for one in audit.observations if one.key not in keys)})


def rewritten(audit: Audit, key: str, edit: Callable[[Observation], dict[str, object]]) -> Audit:
    """The audit with fields of one observation changed."""
    changed = (one.model_copy(update=edit(one)) if one.key == key else one for one in audit.observations)
    return audit.model_copy(update={"observations": tuple(changed)})


def saying(audit: Audit, key: str, stdout: str, *, stderr: str = "", exit_code: int | None = 0) -> Audit:
    """The audit in which this question got another answer."""
    return rewritten(audit, key, lambda _: {"stdout": stdout, "stderr": stderr, "exit_code": exit_code})


def answer(key: str, stdout: str, *, like: Audit, exit_code: int | None = 0, stderr: str = "") -> Observation:
    """An observation made now."""
    return Observation(
        key=key,
        link=Link.AUTH,
        vantage=Vantage.HOST,
        where=like.target.where,
        asked=key,
        observed_at=like.started_at,
        duration_ms=0,
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
    )


def told(audit: Audit) -> str:
    """Verdict, what does not hold, and findings as text, without what differs from lab to lab."""
    found = report(audit)
    lines = [str(found.verdict)]
    lines += [f"{outcome} {key}: {text}" for key, (outcome, text) in open_claims(audit).items()]
    lines += [f"{one.certainty} cause {one.cause}: {one.subject}" for one in found.findings]
    return "\n".join(_general(audit, line) for line in lines)


def _general(audit: Audit, text: str) -> str:
    image = audit.target.image_ref
    words = {f"{image.registry}/acme/observer": "IMAGE", image.registry: "REGISTRY", audit.target.where: "HOST"}
    words |= {f"{audit.target.host.address}:{audit.target.host.port}": "SSH"}
    for word, general in words.items():
        text = text.replace(word, general)
    for pattern, general in _VARYING.items():
        text = re.sub(pattern, general, text)
    return text


_VARYING = {
    r"(?:/|%2F)tmp(?:/|%2F)ghcr-audit-lab(?:/|%2F)[a-z0-9-]+": "LAB",
    r"/tmp/tmp\w+": "FOLDER",  # noqa: S108 - looked for, not used
    r"\[127\.0\.0\.1\]:\d+": "SSH",
    r"sha256:[0-9a-f]{64}": "DIGEST",
    r"SHA256:[A-Za-z0-9+/]{43}": "KEY",
    r"\b(?:arm64|amd64)\b": "ARCH",
}
