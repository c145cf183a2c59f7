"""The host or the registry could not be looked at: the adapter that failed already names the cause."""

from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.causes import DEFINITIONS, Cause
from ghcr_audit.diagnosis.path import told_by_path
from ghcr_audit.evidence import Certainty, Finding, Remedy
from ghcr_audit.registry.views import CONTROLLER, HOST, HOST_ANONYMOUS, answered, lacks, view


def host(audit: Audit) -> Iterator[Finding]:
    """Why the host was not reached."""
    failure = audit.host_failure
    if failure is None or failure.failure is None:
        return
    text, _, hint = failure.failure_text.partition("\n")
    yield Finding(
        cause=failure.failure,
        certainty=Certainty.PROVEN,
        subject=audit.target.where,
        summary=text,
        evidence_for=(failure.key,),
        remedy=Remedy(text=hint) if hint else None,
    )


def registry(audit: Audit) -> Iterator[Finding]:
    """Why the registry gave the host (or, without a word from there, the controller) no usable answer."""
    key = next((one for one in (HOST, HOST_ANONYMOUS) if view(audit, one) is not None), CONTROLLER)
    seen = view(audit, key)
    if seen is None:
        return
    answers = (seen.challenge, seen.token, seen.manifest(audit.tag))
    failure = next((answer.failure for answer in answers if answer is not None and answer.failure), None)
    if failure is not None:
        yield _failing(audit, key, failure)
    elif seen.token is not None and seen.token.realm_refused:
        yield _foreign_realm(audit, key)


def curl(audit: Audit) -> Iterator[Finding]:
    """The host lacks the program with which it is asked what it sees."""
    if lacks(audit, HOST) == "curl":
        yield Finding(
            cause=Cause.OTHER,
            certainty=Certainty.PROVEN,
            subject=audit.target.where,
            summary="The host has no curl: what the registry answers there, and its health URL, could not be seen.",
            evidence_for=(HOST,),
            remedy=Remedy(text="Install curl on the host (package curl), then run the audit again."),
        )


def _failing(audit: Audit, key: str, failure: Cause) -> Finding:
    from_host = key != CONTROLLER
    who = "the host" if from_host else "the controller"
    words = answered(view(audit, key), audit.tag).told
    told = told_by_path(audit, failure, from_host=from_host)
    sentences = (f"The registry gave {who} no usable answer: {words}.", DEFINITIONS[failure], told.words)
    return Finding(
        cause=failure,
        certainty=told.certainty,
        subject=audit.target.image_ref.registry,
        summary=" ".join(part for part in sentences if part),
        evidence_for=(key, *told.evidence),
        remedy=told.remedy,
    )


def _foreign_realm(audit: Audit, key: str) -> Finding:
    return Finding(
        cause=Cause.PROXY_INTERFERENCE,
        certainty=Certainty.POSSIBLE,
        subject=audit.target.image_ref.registry,
        summary="The registry names a token endpoint on another host; nothing was sent there.",
        evidence_for=(key,),
        remedy=Remedy(text="If that host is right, name it as token_host in the target file."),
    )
