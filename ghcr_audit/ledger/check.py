"""Whether a ledger is whole: every line by itself, all of them as one chain, and the outputs that stand apart.

A chain proves that nothing in it was changed alone. Whoever rewrites all of it, up to its head, is found out by the
head alone: as it stands in the report, in Prefect's artifact, and under the signature.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pydantic import ValidationError

from ghcr_audit.ledger.canonical import Json, NotCanonicalError, canonical, read_canonical, sha256
from ghcr_audit.ledger.entry import FIRST_PREVIOUS, Begin, Entry, Reported, Seen, Tried
from ghcr_audit.ledger.outputs import Blob, Recorded
from ghcr_audit.ledger.problem import Problem, What

LINE_LIMIT_BYTES = 4 * 1024 * 1024
_TOLD_LIMIT = 1000
"""So many missing entries are named: a forged number may be any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What is known of a ledger from elsewhere: how many entries it has, and the hash of the last."""

    entries: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found; `entries` are those that could be read, and may be leant on where nothing is wrong."""

    problems: tuple[Problem, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line that can be read: what it says of itself. `sound`: its hash is that of its content."""

    number: int
    hash: str
    previous: str
    sound: bool


def split_lines(content: bytes) -> tuple[tuple[bytes, ...], Problem | None]:
    """The lines of a ledger; a last one without its end is reported, and is among them."""
    lines = tuple(content.split(b"\n"))
    if lines[-1] == b"":
        return lines[:-1], None
    return lines, Problem(what=What.TRUNCATED, told=f"line {len(lines)} has no end")


def check(lines: Sequence[bytes], blobs: Mapping[str, Blob], *, anchor: Anchor | None = None) -> Checked:
    """Everything that is wrong; `blobs` are those that were found, each under the hash that it goes by."""
    read = [_read(line, number) for number, line in enumerate(lines, start=1)]
    problems = [found for found in read if isinstance(found, Problem)]
    known = [found for found in read if isinstance(found, _Line)]
    problems += [_altered(line) for line in known if not line.sound]
    problems += [*_order(known), *_gaps(known, problems, anchor), *_chain(known), *_head(known, anchor)]
    entries: tuple[Entry, ...] = ()
    if not problems:
        entries, unknown = _understood(lines)
        problems += [*unknown, *_one_run(entries)]
        problems += [] if unknown else _blobs(entries, blobs)
    return Checked(problems=tuple(problems), entries=entries)


def recorded_in(entry: Entry) -> tuple[Recorded, ...]:
    """The observations that an entry holds."""
    return entry.body.observations if isinstance(entry.body, Seen | Tried) else ()


def _read(line: bytes, number: int) -> _Line | Problem:
    if len(line) > LINE_LIMIT_BYTES:
        told = f"longer than any entry (got {len(line)} bytes, expected at most {LINE_LIMIT_BYTES})"
        return Problem(what=What.NOT_CANONICAL, entry=number, told=told)
    try:
        return _line(read_canonical(line))
    except NotCanonicalError as error:
        return Problem(what=What.NOT_CANONICAL, entry=number, told=f"line {number}: {error.message}")


def _line(value: Json) -> _Line:
    number, given, previous = (value.get(name) for name in ("number", "hash", "previous"))
    if not isinstance(number, int) or not isinstance(given, str) or not isinstance(previous, str):
        raise NotCanonicalError("no entry: number, hash or previous is not there")
    content = {name: field for name, field in value.items() if name != "hash"}
    return _Line(number=number, hash=given, previous=previous, sound=sha256(canonical(content)) == given)


def _altered(line: _Line) -> Problem:
    return Problem(what=What.ALTERED, entry=line.number, told="its content is not what its hash was made of")


def _order(known: Sequence[_Line]) -> Iterator[Problem]:
    """Entries that stand behind one with a higher number, and entries that stand there twice."""
    highest, seen = 0, set[int]()
    for line in known:
        if line.number in seen:
            yield Problem(what=What.REPEATED, entry=line.number, told="it stands there more than once")
        elif line.number < highest:
            yield Problem(what=What.REORDERED, entry=line.number, told=f"it stands behind entry {highest}")
        seen.add(line.number)
        highest = max(highest, line.number)


def _gaps(known: Sequence[_Line], unread: Sequence[Problem], anchor: Anchor | None) -> Iterator[Problem]:
    """Numbers that no line has, but for those of lines that could not be read; at the end: truncated."""
    there = {line.number for line in known} | {problem.entry for problem in unread if problem.entry is not None}
    highest = max((line.number for line in known), default=0)
    lacking = (number for number in range(1, highest) if number not in there)
    for number in islice(lacking, _TOLD_LIMIT):
        yield Problem(what=What.MISSING, entry=number, told="no line has this number")
    last, total = max(there, default=0), anchor.entries if anchor is not None else 1
    if last < total:
        yield Problem(what=What.TRUNCATED, told=f"it ends with entry {last} (expected {total} entries)")
    for line in known:
        if line.number < 1 or (anchor is not None and line.number > total):
            told = f"there is no such entry (expected 1 to {total})"
            yield Problem(what=What.ALTERED, entry=line.number, told=told)


def _chain(known: Sequence[_Line]) -> Iterator[Problem]:
    """Entries that are sound by themselves, but not the ones that their successors name."""
    hashes = {line.number: line for line in known}
    for line in known:
        before = hashes.get(line.number - 1)
        if line.number == 1 and line.previous != FIRST_PREVIOUS:
            yield Problem(what=What.MISSING, entry=1, told="it names an entry before it, and is the first")
        elif before is not None and before.sound and line.sound and line.previous != before.hash:
            told = f"entry {line.number} was made after another one (got {before.hash}, expected {line.previous})"
            yield Problem(what=What.ALTERED, entry=before.number, told=told)


def _head(known: Sequence[_Line], anchor: Anchor | None) -> Iterator[Problem]:
    if anchor is None or not known:
        return
    last = max(known, key=lambda line: line.number)
    if last.number == anchor.entries and last.sound and last.hash != anchor.head:
        yield Problem(
            what=What.ALTERED, entry=last.number, told=f"not the head (got {last.hash}, expected {anchor.head})"
        )


def _understood(lines: Sequence[bytes]) -> tuple[tuple[Entry, ...], list[Problem]]:
    entries, unknown = [], []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(Entry.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            unknown.append(Problem(what=What.UNKNOWN_FORM, entry=number, told=f"{where}: {first['msg']}"[:200]))
    return tuple(entries), unknown


def _one_run(entries: Sequence[Entry]) -> Iterator[Problem]:
    """All entries are of one run, and its passes follow each other, each with its beginning."""
    pass_ = 0
    for entry in entries:
        pass_ += isinstance(entry.body, Begin)
        if entry.run != entries[0].run:
            yield Problem(what=What.ALTERED, entry=entry.number, told="it is of another run")
        if entry.pass_ != pass_:
            told = f"it is of no pass that has begun (got {entry.pass_}, expected {pass_})"
            yield Problem(what=What.ALTERED, entry=entry.number, told=told)


def _blobs(entries: Sequence[Entry], blobs: Mapping[str, Blob]) -> Iterator[Problem]:
    named = set[str]()
    for entry in entries:
        for blob in (blob for kept in recorded_in(entry) for blob in kept.blobs if blob.sha256 not in named):
            named.add(blob.sha256)
            found = blobs.get(blob.sha256)
            if found is None:
                yield Problem(what=What.BLOB_MISSING, entry=entry.number, told=blob.sha256)
            elif found != blob:
                told = f"{blob.sha256} (got {found.sha256} of {found.size_bytes} bytes)"
                yield Problem(what=What.BLOB_ALTERED, entry=entry.number, told=told)
    for name in sorted(set(blobs) - named - _reports(entries)):
        yield Problem(what=What.BLOB_UNKNOWN, told=name)


def _reports(entries: Sequence[Entry]) -> set[str]:
    return {entry.body.report_json for entry in entries if isinstance(entry.body, Reported)}
