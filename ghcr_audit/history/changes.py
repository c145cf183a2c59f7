"""What changed from one run to another: facts, files, mounts, findings, claims, times.

What one of the two did not see is UNKNOWN, never SAME: nothing is concluded from what is missing.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from ghcr_audit.evidence import Outcome, Value
from ghcr_audit.history.past import Past, PastClaim, PastFinding
from ghcr_audit.report.drill import seconds

_NOT_JUDGED = "not judged"
_NOT_FOUND, _NOT_TOLD = "not found", "could not be told"


class Relation(StrEnum):
    """How a later value stands to an earlier one."""

    SAME = "same"
    CHANGED = "changed"
    APPEARED = "appeared"
    GONE = "gone"
    UNKNOWN = "unknown"
    """One of the two, or both, could not be seen."""


class Part(StrEnum):
    """What a difference is about."""

    RELEASE = "release"
    HOST = "host"
    CREDENTIAL = "credential"
    FILES = "files"
    MOUNTS = "mounts"
    FINDINGS = "findings"
    CLAIMS = "claims"
    TIMES = "times"


class Difference(Value):
    """One thing compared. `before` and `after` are None where they were not seen."""

    part: Part
    subject: str
    relation: Relation
    before: str | None = None
    after: str | None = None


class Comparison(Value):
    """Two runs of one target, the earlier and the later as they were named, and everything compared."""

    before: Past
    after: Past
    differences: tuple[Difference, ...]

    def of(self, *relations: Relation) -> tuple[Difference, ...]:
        """Those that stand so to each other."""
        return tuple(one for one in self.differences if one.relation in relations)


def compare(before: Past, after: Past) -> Comparison:
    """Everything that can be compared of two runs."""
    parts = (_facts, _credential, _files, _mounts, _findings, _claims, _times)
    found = tuple(one for part in parts for one in part(before, after))
    return Comparison(before=before, after=after, differences=found)


def _compared(part: Part, subject: str, before: str | None, after: str | None) -> Difference:
    relation = Relation.SAME if before == after else Relation.CHANGED
    if before is None or after is None:
        relation = Relation.UNKNOWN
    return Difference(part=part, subject=subject, relation=relation, before=_worded(before), after=_worded(after))


def _worded(value: str | None) -> str | None:
    return "none" if value == "" else value


def _facts(before: Past, after: Past) -> Iterator[Difference]:
    release, host = Part.RELEASE, Part.HOST
    yield _compared(release, "verdict", before.verdict.value, after.verdict.value)
    yield _compared(release, "tag", before.tag, after.tag)
    yield _compared(release, "mode", before.mode.value, after.mode.value)
    yield _compared(release, "image name", before.image, after.image)
    yield _compared(release, "digest that the registry serves", before.served_digest, after.served_digest)
    yield _compared(release, "digest that runs", before.running_digest, after.running_digest)
    yield _compared(release, "digest that ran before the drill", before.previous_digest, after.previous_digest)
    yield _compared(release, "started from", before.running_from, after.running_from)
    yield _compared(host, "host", before.host, after.host)
    yield _compared(host, "Docker engine", before.engine, after.engine)
    yield _compared(host, "Docker client", before.client, after.client)
    yield _compared(host, "compose", before.compose, after.compose)
    yield _compared(host, "system", before.system, after.system)
    yield _compared(host, "ghcr-audit", before.version, after.version)


def _credential(before: Past, after: Past) -> Iterator[Difference]:
    yield _compared(Part.CREDENTIAL, "stored credential", before.credential, after.credential)


def _files(before: Past, after: Past) -> Iterator[Difference]:
    """By path; a path that one of the runs did not ask for is unknown there."""
    if before.files is None or after.files is None:
        yield Difference(part=Part.FILES, subject="deploy files", relation=Relation.UNKNOWN)
        return
    earlier, later = ({one.path: one.state for one in past.files or ()} for past in (before, after))
    for path in dict.fromkeys((*earlier, *later)):
        yield _compared(Part.FILES, path, earlier.get(path), later.get(path))


def _mounts(before: Past, after: Past) -> Iterator[Difference]:
    if before.mounts is None or after.mounts is None:
        yield Difference(part=Part.MOUNTS, subject="mounts", relation=Relation.UNKNOWN)
        return
    for mount in dict.fromkeys((*before.mounts, *after.mounts)):
        yield Difference(part=Part.MOUNTS, subject=mount, relation=_presence(mount, before.mounts, after.mounts))


def _presence(one: str, before: Iterable[str], after: Iterable[str]) -> Relation:
    if one not in before:
        return Relation.APPEARED
    return Relation.SAME if one in after else Relation.GONE


def _findings(before: Past, after: Past) -> Iterator[Difference]:
    earlier, later = ({(one.cause, one.subject): one for one in past.findings} for past in (before, after))
    for cause, subject in dict.fromkeys((*earlier, *later)):
        old, new = earlier.get((cause, subject)), later.get((cause, subject))
        told_before, told_after = _told(old, new, before), _told(new, old, after)
        yield Difference(
            part=Part.FINDINGS,
            subject=f"{cause.value}: {subject}",
            relation=_of_findings(told_before, told_after),
            before=told_before,
            after=told_after,
        )


def _told(own: PastFinding | None, other: PastFinding | None, past: Past) -> str:
    """How sure this run was of it. Without it: whether this run could have found it, too."""
    if own is not None:
        return own.certainty.value
    return _NOT_FOUND if other is not None and _could_find(other, past) else _NOT_TOLD


def _could_find(finding: PastFinding, past: Past) -> bool:
    """It looked at everything that this was found by, and could judge every claim that leans on any of it.

    An answer may also be a refusal, behind which nobody sees what was found before: then some claim is unknown.
    """
    evidence = set(finding.evidence)
    leaning = (one for one in past.claims if evidence & set(one.evidence))
    unjudged = any(one.outcome is Outcome.UNKNOWN for one in leaning)
    return bool(evidence) and evidence <= set(past.seen) and not unjudged


def _of_findings(before: str, after: str) -> Relation:
    if _NOT_TOLD in (before, after):
        return Relation.UNKNOWN
    if before == after:
        return Relation.SAME
    if before == _NOT_FOUND:
        return Relation.APPEARED
    return Relation.GONE if after == _NOT_FOUND else Relation.CHANGED


def _claims(before: Past, after: Past) -> Iterator[Difference]:
    earlier, later = ({one.key: one for one in past.claims} for past in (before, after))
    for key in dict.fromkeys((*earlier, *later)):
        yield _claim(earlier.get(key), later.get(key))


def _claim(earlier: PastClaim | None, later: PastClaim | None) -> Difference:
    """One that was judged in one run alone is unknown, and so is one that both could not judge."""
    before, after = (one.outcome.value if one is not None else _NOT_JUDGED for one in (earlier, later))
    relation = Relation.SAME if before == after else Relation.CHANGED
    if _NOT_JUDGED in (before, after) or before == after == Outcome.UNKNOWN.value:
        relation = Relation.UNKNOWN
    statement = next((one.statement for one in (later, earlier) if one is not None), "")
    return Difference(part=Part.CLAIMS, subject=statement, relation=relation, before=before, after=after)


def _times(before: Past, after: Past) -> Iterator[Difference]:
    """As they are told: what differs by less than they are right to is the same."""
    pairs = (
        ("deploy command", before.deploy_ms, after.deploy_ms),
        ("rollback until healthy", before.rollback_ms, after.rollback_ms),
        ("downtime of the deploy", before.deploy_downtime_ms, after.deploy_downtime_ms),
        ("downtime of the rollback", before.rollback_downtime_ms, after.rollback_downtime_ms),
    )
    for subject, earlier, later in pairs:
        yield _compared(Part.TIMES, subject, _spoken(earlier), _spoken(later))


def _spoken(ms: int | None) -> str | None:
    return seconds(ms) if ms is not None else None
