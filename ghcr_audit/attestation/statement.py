"""The statement that is signed: in-toto's test result, made of a report, the ledger's head and the image's digest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.images import check_digest
from ghcr_audit.report.model import Report
from ghcr_audit.verdicts import Verdict

PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"

_HEAD = re.compile(r"[0-9a-f]{64}")


class Result(StrEnum):
    """The predicate's three words; there is none for *unknown*, so what is not known is FAILED."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Claims by their keys, in the chain's order, each in one of the first three; `unknown` names some again."""

    passed: tuple[str, ...]
    warned: tuple[str, ...]
    failed: tuple[str, ...]
    unknown: tuple[str, ...]


def statement_bytes(report: Report, *, ledger_head: str, image_digest: str | None) -> bytes | None:
    """The statement as canonical JSON (RFC 8785); None when no digest is known: there is nothing to speak about.

    `ledger_head` is a SHA-256 in hex, with or without `sha256:`.

    Raises:
        ValueError: the head is no such hash; in both digests that is a mistake of the caller.
        ConfigurationError: `image_digest` is no digest.
    """
    if image_digest is None:
        return None
    if not is_head(ledger_head):
        raise ValueError("the ledger's head is no SHA-256 in hex")
    import rfc8785
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor  # type: ignore[import-untyped]
    from in_toto_attestation.v1.statement import Statement  # type: ignore[import-untyped]

    subject = ResourceDescriptor(name=report.image, digest={"sha256": _hex(check_digest(image_digest))})
    statement = Statement([subject.pb], PREDICATE_TYPE, _predicate(report, _hex(ledger_head)))
    statement.validate()
    return rfc8785.dumps(MessageToDict(statement.pb))


def is_head(text: str) -> bool:
    """Whether this is a ledger's head: a SHA-256 in hex, with or without `sha256:`."""
    return _HEAD.fullmatch(_hex(text)) is not None


def sorted_claims(report: Report) -> Sorted:
    """Every claim of the report where the predicate has it: what is unknown or broken is never among the passed."""
    claims = [claim for state in report.links for claim in state.claims]
    return Sorted(
        passed=tuple(_keys(claims, Result.PASSED)),
        warned=tuple(_keys(claims, Result.WARNED)),
        failed=tuple(_keys(claims, Result.FAILED)),
        unknown=tuple(claim.key for claim in claims if claim.outcome is Outcome.UNKNOWN),
    )


def result_of(report: Report) -> Result:
    """Never better than the verdict, and never better than the claims: PASSED needs both, and one claim at least."""
    claims = sorted_claims(report)
    if claims.failed or not report.verdict.passed or not (claims.passed or claims.warned):
        return Result.FAILED
    warned = claims.warned or report.verdict is Verdict.PASSED_WITH_WARNINGS
    return Result.WARNED if warned else Result.PASSED


def _keys(claims: list[Claim], result: Result) -> Iterator[str]:
    return (claim.key for claim in claims if _result_of(claim) is result)


def _result_of(claim: Claim) -> Result:
    if claim.outcome is Outcome.HOLDS:
        return Result.PASSED
    return Result.WARNED if claim.weight is Weight.ADVISORY else Result.FAILED


def _predicate(report: Report, head: str) -> dict[str, Any]:
    """The predicate as the JSON object that in-toto's Statement takes. Lists are named even when empty."""
    from google.protobuf.json_format import MessageToDict
    from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import (  # type: ignore[import-untyped]
        TestResult,
    )
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor

    claims = sorted_claims(report)
    audited = ResourceDescriptor(name="ghcr-audit-target", annotations=_annotations(report))
    ledger = ResourceDescriptor(name="ghcr-audit-ledger", digest={"sha256": head})
    told = TestResult(
        result=result_of(report),
        configuration=[audited.pb, ledger.pb],
        url=report.run_url,
        passed_tests=claims.passed,
        warned_tests=claims.warned,
        failed_tests=claims.failed,
    )
    return {"passedTests": [], "warnedTests": [], "failedTests": [], **MessageToDict(told)}


def _annotations(report: Report) -> dict[str, Any]:
    """What was audited and how far, and what the three lists cannot say. Names no host: statements get published."""
    return {
        "target": report.target,
        "tag": report.tag,
        "mode": report.mode.value,
        "run": report.run,
        "verdict": report.verdict.value,
        "unknown": list(sorted_claims(report).unknown),
        "notRun": [state.link.value for state in report.links if state.not_run],
        "startedAt": _utc(report.started_at),
        "finishedAt": _utc(report.finished_at),
        "version": report.version,
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
