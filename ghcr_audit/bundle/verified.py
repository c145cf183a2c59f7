"""A bundle checked step by step, offline: the archive, the manifest, the ledger, the report, the signature.

1. The archive is the very one that its members make.    5. The ledger's last entry is that of the report.
2. The manifest lists every member, as it is.            6. The report follows from what was observed, again.
3. Every entry of the ledger is as it was written.       7. Every other form is of that report.
4. Every long output is the one that an entry names.     8. The signature is of this report and this ledger.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from ghcr_audit import __version__
from ghcr_audit.bundle import content as names
from ghcr_audit.bundle.content import Manifest
from ghcr_audit.bundle.damage import Damage
from ghcr_audit.bundle.reading import Opened, opened
from ghcr_audit.bundle.sealed import rendered, report_json, time_s
from ghcr_audit.ledger.canonical import NotCanonicalError, canonical, read_canonical, sha256
from ghcr_audit.ledger.check import Anchor, check, split_lines
from ghcr_audit.ledger.entry import Entry, Reported
from ghcr_audit.ledger.judged import differences, judged_from, reports_in
from ghcr_audit.ledger.outputs import Blob, OutputError
from ghcr_audit.ledger.problem import Problem, What
from ghcr_audit.report.model import Integrity, Report

BROKEN_EXIT, NOT_JUDGED_EXIT = 3, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signature is checked against."""

    envelope: bytes
    report: Report
    ledger_head: str


@dataclass(slots=True, kw_only=True)
class Verification:
    """What was found. It grows step by step; a step that leans on a damaged one is left out."""

    damages: list[Damage] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)
    """What could not be checked here, and why."""
    manifest: Manifest | None = None
    report: Report | None = None
    entries: tuple[Entry, ...] = ()
    judged_again: int = 0
    """How many reports in it were judged again, and said the same."""
    signed_by: str = ""
    """The key id that the bundle names; '' where it is not signed."""

    @property
    def exit_code(self) -> int:
        """0 intact, 3 broken, 5 not judged."""
        if self.damages:
            return BROKEN_EXIT
        return NOT_JUDGED_EXIT if self.not_judged else 0

    def damaged(self, subject: str, what: str, told: str = "") -> None:
        """One thing more that is wrong."""
        self.damages.append(Damage(subject=subject, what=what, told=told))


def verified(archive: bytes, signature: Callable[[Signed], Sequence[str]]) -> Verification:
    """All eight steps; `signature` is the last one: problems in words, none when it is right.

    Raises:
        NoBundleError: it is no gzip file at all.
    """
    found, bundle = Verification(), opened(archive)
    found.damages += bundle.damages
    _manifest(found, bundle)
    if found.not_judged:  # of a later form: what stands in it may mean something else
        return found
    _members(found, bundle)
    _ledger(found, bundle)
    _report(found, bundle)
    if found.entries and found.report is not None:
        _judged(found, bundle)
        _signature(found, bundle, signature)
    return found


def _manifest(found: Verification, bundle: Opened) -> None:
    text = bundle.content(names.MANIFEST)
    if text is None:
        return
    try:
        fields = read_canonical(text)
        version = fields.get("schema_version")
        if isinstance(version, int) and version > names.SCHEMA_VERSION:
            found.not_judged.append(
                f"manifest.json is of form {version}, and this version knows {names.SCHEMA_VERSION}"
            )
            return
        found.manifest = Manifest.model_validate(fields)
        if not _as_written(found.manifest, text):
            found.damaged(names.MANIFEST, "altered", "it is not as a manifest is written")
    except NotCanonicalError as error:
        found.damaged(names.MANIFEST, "altered", error.message)
    except ValidationError as error:
        found.damaged(names.MANIFEST, "altered", _first(error))


def _as_written(manifest: Manifest, text: bytes) -> bool:
    """No other writing of the same values, each member once and by name."""
    listed = [one.name for one in manifest.members]
    return canonical(manifest.model_dump(mode="json")) == text and listed == sorted(set(listed))


def _members(found: Verification, bundle: Opened) -> None:
    """Every member as the manifest lists it, and none beside them."""
    for name in names.REQUIRED:
        if name not in bundle.members:
            found.damaged(name, "missing")
    listed = {one.name: one for one in found.manifest.members} if found.manifest else {}
    for name, one in listed.items():
        there = bundle.members.get(name)
        if there is None and name not in names.REQUIRED:
            found.damaged(name, "missing")
        elif there is not None and (there.sha256, there.size_bytes) != (one.sha256, one.size_bytes):
            found.damaged(name, "altered", f"got sha256 {there.sha256}, expected {one.sha256}")
    if found.manifest is not None:
        for name in sorted(set(bundle.members) - set(listed) - {names.MANIFEST}):
            found.damaged(name, "added", "the manifest does not list it")


def _ledger(found: Verification, bundle: Opened) -> None:
    text = bundle.content(names.LEDGER)
    if not text:
        return
    lines, torn = split_lines(text)
    manifest = found.manifest
    anchor = Anchor(entries=manifest.ledger_entries, head=manifest.ledger_head) if manifest else None
    checked = check(lines, _blobs(bundle), anchor=anchor)
    problems = [problem for problem in (torn, *checked.problems) if problem is not None]
    found.damages += [_damage(problem) for problem in problems if problem.what is not What.UNKNOWN_FORM]
    found.not_judged += [str(problem) for problem in problems if problem.what is What.UNKNOWN_FORM]
    found.entries = checked.entries if not problems else ()


def _blobs(bundle: Opened) -> dict[str, Blob]:
    """What stands apart, under the hash that it goes by."""
    return {
        name.partition("/")[2]: Blob(sha256=one.sha256, size_bytes=one.size_bytes)
        for name, one in bundle.members.items()
        if names.BLOB.fullmatch(name)
    }


def _damage(problem: Problem) -> Damage:
    subject = "ledger" if problem.entry is None else f"ledger entry {problem.entry}"
    return Damage(subject=subject, what=problem.what.value, told=problem.told)


def _report(found: Verification, bundle: Opened) -> None:
    """The report is the one that the last entry tells of."""
    text, markdown = bundle.content(names.REPORT_JSON), bundle.content(names.REPORT_MARKDOWN)
    if not found.entries or text is None or markdown is None:
        return
    last = found.entries[-1].body
    if not isinstance(last, Reported):
        found.damaged("ledger", "truncated", "its last entry is not that of a report")
        return
    for name, content, digest in (
        (names.REPORT_JSON, text, last.report_json),
        (names.REPORT_MARKDOWN, markdown, last.report_markdown),
    ):
        if sha256(content) != digest:
            found.damaged(name, "altered", f"got sha256 {sha256(content)}, the ledger says {digest}")
    found.report = _parsed(found, text, "report.json")


def _parsed(found: Verification, text: bytes, name: str) -> Report | None:
    try:
        return Report.model_validate_json(text)
    except ValidationError as error:
        found.not_judged.append(f"{name}: it is no report of this version: {_first(error)}")
        return None


def _judged(found: Verification, bundle: Opened) -> None:
    """Every report in it follows from the observations before it; the last is the one in the manifest."""
    report, last = found.report, found.entries[-1]
    if report is None:
        return
    for name, got, expected in _names_of(found.manifest, report, last, bundle.time_s):
        if got != expected:
            found.damaged(name, "altered", f"got {got}, expected {expected}")
    own = bundle.content(names.REPORT_JSON) or b""
    if found.damages:  # what was altered is told already: nothing that follows from it is evidence
        return
    for position in reports_in(found.entries):
        _judged_again(found, bundle, position, own)
    _forms(found, bundle, report)


def _forms(found: Verification, bundle: Opened, report: Report) -> None:
    """Every form of it is what this report is written as."""
    written = {names.REPORT_JSON: report_json(report)} | {name: rendered(report, name) for name in names.RENDERED}
    for name, content in written.items():
        if bundle.content(name) != content:
            _differs(found, name, "not what this report is written as", report)


def _names_of(
    manifest: Manifest | None, report: Report, last: Entry, time: int
) -> Iterator[tuple[str, object, object]]:
    """What is said in several places, and must be the same in all of them."""
    yield "report", report.run, last.run
    yield "report", report.integrity, _integrity(report, last)
    yield "archive time", time, time_s(report)
    if manifest is not None:
        for name in ("run", "target", "tag", "verdict", "version", "finished_at"):
            yield f"manifest.json {name}", getattr(manifest, name), getattr(report, name)


def _integrity(report: Report, last: Entry) -> Integrity:
    signer = report.integrity.signer if report.integrity else ""
    return Integrity(
        ledger_head=last.previous, entries=last.number - 1, bundle=names.bundle_name(last.run), signer=signer
    )


def _judged_again(found: Verification, bundle: Opened, position: int, own: bytes) -> None:
    entry = found.entries[position]
    digest = entry.body.report_json if isinstance(entry.body, Reported) else ""
    text = own if sha256(own) == digest else bundle.content(names.blob_name(digest))
    if text is None:
        _not_there(found, bundle, f"report of ledger entry {entry.number}", names.blob_name(digest))
        return
    report = _parsed(found, text, f"report of ledger entry {entry.number}")
    try:
        audit = judged_from(found.entries, position, lambda blob: bundle.content(names.blob_name(blob)))
    except OutputError as error:
        _not_there(found, bundle, f"ledger entry {entry.number}", error.message)
        return
    if report is None:
        return
    if differing := differences(audit, report):
        _differs(
            found, f"report of ledger entry {entry.number}", f"not from its evidence: {', '.join(differing)}", report
        )
    else:
        found.judged_again += 1


def _not_there(found: Verification, bundle: Opened, subject: str, told: str) -> None:
    """Missing; or only too much to be held in memory."""
    if any(one.content is None for one in bundle.members.values()):
        found.not_judged.append(f"{subject}: too large to be judged again here ({told})")
    else:
        found.damaged(subject, "missing", told)


def _differs(found: Verification, subject: str, told: str, report: Report) -> None:
    """Damage; but another version may judge or write in another way."""
    if report.version == __version__:
        found.damaged(subject, "altered", told)
    else:
        found.not_judged.append(f"{subject}: {told}; made by version {report.version}, and this is {__version__}")


def _signature(found: Verification, bundle: Opened, signature: Callable[[Signed], Sequence[str]]) -> None:
    report, envelope = found.report, bundle.content(names.ATTESTATION)
    if report is None:
        return
    found.signed_by = report.integrity.signer if report.integrity else ""
    if envelope is None:
        if found.signed_by:
            found.damaged(names.ATTESTATION, "missing", f"the report says that {found.signed_by} signed it")
        return
    head = found.entries[-1].hash
    for problem in signature(Signed(envelope=envelope, report=report, ledger_head=head)):
        found.damaged(names.ATTESTATION, "altered", problem)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[:200]
