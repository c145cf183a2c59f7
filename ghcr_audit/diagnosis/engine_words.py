"""What docker's own words mean where no other rule explains them: read by the table behind `ghcr-audit diagnose`.

A text is one witness. It proves a cause only where it names one that the registry's answers cannot contradict (a full
disk, a broken layer); what it says of the registry is weighed against what the host saw of the registry itself. The
table is imported when a text is to be read: most audits have none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.delivery_questions import HOST_COMPOSE
from ghcr_audit.evidence import Certainty, Finding, Observation, Remedy
from ghcr_audit.links.pull import engine_words, pulled
from ghcr_audit.registry.views import HOST, HOST_ANONYMOUS, Access, answered, view

if TYPE_CHECKING:
    from ghcr_audit.messages import Candidate

_MOST = 2
"""Causes told of one text."""

_OF_THE_REGISTRY = frozenset(
    (
        Cause.CREDENTIAL_MISSING,
        Cause.CREDENTIAL_INVALID_OR_EXPIRED,
        Cause.TOKEN_SCOPE_INSUFFICIENT,
        Cause.TOKEN_TYPE_UNSUPPORTED,
        Cause.SSO_NOT_AUTHORIZED,
        Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS,
        Cause.TAG_NOT_FOUND,
        Cause.TAG_NOT_PUBLISHED,
        Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG,
        Cause.RATE_LIMITED,
        Cause.REGISTRY_UNAVAILABLE,
        Cause.DNS_FAILURE,
        Cause.NETWORK_UNREACHABLE_OR_TIMEOUT,
        Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW,
        Cause.IP_ALLOW_LIST,
    )
)
"""What a registry that serves this very image to this very host speaks against."""

_PREVENTS_PULL = _OF_THE_REGISTRY | {
    Cause.CREDENTIAL_HELPER_BROKEN,
    Cause.CONFIG_JSON_CORRUPT,
    Cause.WRONG_USER_CONFIG,
    Cause.PROXY_INTERFERENCE,
    Cause.PLATFORM_MISMATCH,
    Cause.DOCKER_DAEMON_DOWN,
    Cause.DOCKER_SOCKET_PERMISSION,
    Cause.ENGINE_API_VERSION_MISMATCH,
}
"""Proven of the audited release, any of these explains a pull that failed."""

_PREVENTS_COMPOSE = frozenset(
    (
        Cause.COMPOSE_FILE_INVALID,
        Cause.COMPOSE_NOT_INSTALLED,
        Cause.DOCKER_DAEMON_DOWN,
        Cause.DOCKER_SOCKET_PERMISSION,
        Cause.ENGINE_API_VERSION_MISMATCH,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """A command that failed: its words, what they are about, and which proven causes leave nothing to explain."""

    key: str
    operation: str
    subject: str
    said: str
    explained_by: frozenset[Cause]


def explain(audit: Audit, found: Sequence[Finding]) -> Iterator[Finding]:
    """What the words add to the findings of all other rules; never a cause that one of these names already."""
    for words in _failed(audit):
        if _explained(audit, words, found):
            continue
        from ghcr_audit.messages import diagnose_text

        named = {finding.cause for finding in found}
        candidates = diagnose_text(words.said, operation=words.operation, registry=audit.target.image_ref.registry)
        for candidate in _worth_telling(candidates):
            if candidate.cause not in named:
                yield _finding(audit, words, candidate)


def _failed(audit: Audit) -> Iterator[_Words]:
    pull = audit.newest("pull.tag")
    if pull is not None and pulled(audit, "pull.tag") is False:
        yield _Words(
            key="pull.tag",
            operation="pull",
            subject=f"pull of {audit.image} on {audit.target.where}",
            said=_said(pull),
            explained_by=_PREVENTS_PULL,
        )
    compose = audit.newest(HOST_COMPOSE)
    if compose is not None and compose.failure is None and compose.exit_code not in (0, None):
        yield _Words(
            key=HOST_COMPOSE,
            operation="compose",
            subject=f"docker compose on {audit.target.where}",
            said=compose.stderr,
            explained_by=_PREVENTS_COMPOSE,
        )


def _said(pull: Observation) -> str:
    """Its own words on what went wrong; progress stands on the other output."""
    return pull.stderr if pull.stderr.strip() else engine_words(pull)


def _explained(audit: Audit, words: _Words, found: Iterable[Finding]) -> bool:
    """Whether a proven cause stands that prevents this. Another tag that was never published explains no pull."""
    others = (Cause.TAG_NOT_PUBLISHED, Cause.TAG_NOT_FOUND)
    return any(
        finding.cause in words.explained_by
        and finding.certainty is Certainty.PROVEN
        and (finding.cause not in others or finding.subject == audit.tag)
        for finding in found
    )


def _worth_telling(candidates: "Sequence[Candidate]") -> "tuple[Candidate, ...]":
    """The first alone where the text is clear; else the next one besides."""
    clear = bool(candidates) and candidates[0].certainty is not Certainty.POSSIBLE
    return tuple(candidates[: 1 if clear else _MOST])


def _finding(audit: Audit, words: _Words, candidate: "Candidate") -> Finding:
    against = _contradictions(audit) if candidate.cause in _OF_THE_REGISTRY else ()
    why = candidate.why.rstrip(".")
    return Finding(
        cause=candidate.cause,
        certainty=Certainty.POSSIBLE if against else candidate.certainty,
        subject=words.subject,
        summary=f"Docker says: {_telling(words, candidate.cause).rstrip('.')}. {why}.",
        evidence_for=(words.key,),
        evidence_against=against,
        remedy=Remedy(text=f"{candidate.remedy.rstrip('.')}. To be sure: {candidate.probe.rstrip('.')}."),
    )


def _telling(words: _Words, cause: Cause) -> str:
    """The line that names the cause by itself, else the last: docker ends with its error, or with where to read on."""
    from ghcr_audit.messages import diagnose_text

    lines = [line.strip()[:300] for line in words.said.splitlines() if line.strip()] or [""]
    named = (line for line in lines[:20] if any(one.cause is cause for one in diagnose_text(line)[:1]))
    return next(named, lines[-1])


def _contradictions(audit: Audit) -> tuple[str, ...]:
    """The views from the host by which the registry serves the image."""
    return tuple(
        key for key in (HOST, HOST_ANONYMOUS) if answered(view(audit, key), audit.tag).access is Access.READABLE
    )
