"""A whole report: its leaks first, and then - from a text without them - what it says.

Everything that leaves here, except a leak's place and kind, is read from a copy of the text in which each
credential has given way to a placeholder. The copy has the same lines.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import TypeVar

from ghcr_audit.lint.actions import actions_in
from ghcr_audit.lint.document import Block, Document, read_document, without_markup
from ghcr_audit.lint.evidence_reading import evidence_in
from ghcr_audit.lint.leaks import Found, Numbering, leaks_in
from ghcr_audit.lint.model import (
    MAX_ACTIONS,
    MAX_EVIDENCE,
    MAX_LEAKS,
    MAX_SECTIONS,
    Action,
    Container,
    Evidence,
    Leak,
    ReportRead,
    Section,
    Status,
)
from ghcr_audit.lint.places import place_of
from ghcr_audit.lint.statuses import labelled_status, shouted_status, status_of
from ghcr_audit.redaction import Redactor
from ghcr_audit.text.terminal import plain

_FIELD = re.compile(r"(?m)^(?P<key>[\w -]{1,40})[ \t]*:[ \t]*(?P<value>[^\n]+)$")
_STATUS_FIELDS = frozenset({"status", "result", "verdict", "outcome", "상태", "결과", "판정"})
_DATE_FIELDS = frozenset({"date", "created", "updated", "날짜", "일자", "작성일"})
_FIRST_BLOCKS = 200
_SAID_CHARS = 2_000
_SUMMARY = re.compile(r"(?i)summary|result|conclusion|verdict|status|outcome|요약|결과|결론|판정|상태")
_DATE = re.compile(
    r"(?<![0-9])(?P<y>20[0-9]{2})(?:[-./]|년 ?)(?P<m>[01]?[0-9])(?:[-./]|월 ?)(?P<d>[0-3]?[0-9])(?![0-9])"
)
_DATE_LINES = 40
_SAID_IN = frozenset({Container.PARAGRAPH, Container.TABLE_CELL, Container.HTML_BLOCK})
_Kept = TypeVar("_Kept", Evidence, Action)


def read_report(name: str, text: str, redactor: Redactor, numbering: Numbering) -> ReportRead:
    """Leaks and evidence of one report of any content. `name` is shown as it is given, without secrets."""
    document = read_document(text)
    found = leaks_in(document, redactor)
    told = read_document(masked(document.text, found, redactor, numbering))
    sections = tuple(_sections(told))
    evidence, more_evidence = _first(evidence_in(told), MAX_EVIDENCE)
    actions, more_actions = _first(actions_in(told), MAX_ACTIONS)
    fields = _front_matter(told)
    return ReportRead(
        file=redactor.redact(plain(name))[:4_096],
        title=_title(told, fields),
        status=_status(told, sections, fields),
        date=_date(told, name, fields),
        sections=sections[:MAX_SECTIONS],
        evidence=evidence,
        actions=actions,
        leaks=tuple(_leak(document, told, one, numbering) for one in found[:MAX_LEAKS]),
        leak_count=len(found),
        cut=more_evidence or more_actions or len(sections) > MAX_SECTIONS or len(found) > MAX_LEAKS or document.flat,
    )


def masked(text: str, found: Iterable[Found], redactor: Redactor, numbering: Numbering) -> str:
    """The text with a placeholder for each find, and for all that the redactor takes for one; the same lines."""
    spans = [(one.start, one.end, f"[{one.identity.kind}#{numbering.number_of(one.identity)}]") for one in found]
    spans += [(hit.start, hit.end, hit.placeholder) for hit in redactor.find(text)]
    pieces: list[str] = []
    position = 0
    for start, end, placeholder in sorted(spans):
        if end <= position:
            continue
        begin = max(start, position)
        shown = placeholder if start >= position else ""
        pieces += (text[position:begin], shown, "\n" * text.count("\n", begin, end))
        position = end
    return "".join((*pieces, text[position:]))


def _leak(document: Document, told: Document, found: Found, numbering: Numbering) -> Leak:
    line = document.line_of(found.start)
    place = place_of(document, found)
    fence = place.block.container is Container.FENCE
    return Leak(
        number=numbering.number_of(found.identity),
        kind=found.identity.kind,
        masked=found.identity.masked,
        length_chars=len(found.identity.value),
        checksum_right=found.identity.checksum_right,
        form=found.form,
        line=line + 1,
        column=found.start - document.line_starts[line] + 1,
        section=told.path_of(told.section_at(line)),
        container=place.container,
        within=place.block.container,
        info=_info(told, line) if fence else "",
        unclosed=place.block.unclosed,
    )


def _info(told: Document, line: int) -> str:
    """The info string of the fence at this line, from the text without secrets: it may itself hold one."""
    return next((without_markup(block.info) for block in told.blocks_at(line)), "")


def _first(found: Iterator[_Kept], limit: int) -> tuple[tuple[_Kept, ...], bool]:
    """At most `limit` of them in order of their lines, and whether there are more."""
    kept = list(islice(found, limit + 1))
    return tuple(sorted(kept[:limit], key=lambda one: one.line)), len(kept) > limit


def _front_matter(document: Document) -> dict[str, str]:
    """Plain `key: value` lines only: a report's front matter needs no more."""
    front = document.blocks[0] if document.blocks else None
    if front is None or front.container is not Container.FRONT_MATTER:
        return {}
    return {match["key"].strip().lower(): match["value"].strip(" \"'") for match in _FIELD.finditer(front.text)}


def _title(document: Document, fields: dict[str, str]) -> str:
    first = min(document.headings, key=lambda heading: (heading.level, heading.line), default=None)
    return without_markup(fields.get("title", "")) or (first.title if first else "")


def _sections(document: Document) -> Iterator[Section]:
    said: list[Status | None] = [None] * (len(document.headings) + 1)
    for block in document.blocks:
        if said[block.section] is None and block.container in _SAID_IN and block.column <= 0:
            said[block.section] = _status_in(document, block)
    for index, heading in enumerate(document.headings):
        yield Section(
            title=heading.title,
            path=heading.path,
            level=heading.level,
            line=heading.line + 1,
            status=shouted_status(heading.title) or said[index],
        )


def _status_in(document: Document, block: Block) -> Status | None:
    """A labelled status; under a heading that is itself the label (`Result`), the first status word."""
    source = _source(document, block.start, block.end)[:_SAID_CHARS]
    labels = block.section >= 0 and _SUMMARY.fullmatch(document.headings[block.section].title.strip("0123456789.:# "))
    return labelled_status(source) or (status_of(source) if labels else None)


def _source(document: Document, start: int, end: int) -> str:
    """Lines of the source; of a table cell its whole row."""
    return "\n".join(document.line_text(line) for line in range(start, min(end, len(document.line_starts))))


def _status(document: Document, sections: Sequence[Section], fields: dict[str, str]) -> Status | None:
    """What the report says of itself: front matter, title, before the second heading, summary, in this order."""
    said = [status_of(value) for key, value in fields.items() if key in _STATUS_FIELDS]
    end = sections[1].line - 1 if len(sections) > 1 else len(document.line_starts)
    before = document.blocks[: bisect_left(document.block_starts, end)]
    said += [section.status for section in sections[:1]]
    said += [
        _status_in(document, block)
        for block in before[:_FIRST_BLOCKS]
        if block.container in _SAID_IN and block.column <= 0
    ]
    said += [section.status for section in sections if _SUMMARY.search(section.title)]
    return next((status for status in said if status is not None), None)


def _date(document: Document, name: str, fields: dict[str, str]) -> date | None:
    """The first date in front matter, title or first lines, else in the file's name."""
    named = [value for key, value in fields.items() if key in _DATE_FIELDS]
    lines = _source(document, 0, _DATE_LINES)[:20_000]
    return next((found for text in (*named, lines, name) if (found := _date_in(text)) is not None), None)


def _date_in(text: str) -> date | None:
    for match in _DATE.finditer(text):
        try:
            return date(int(match["y"]), int(match["m"]), int(match["d"]))
        except ValueError:
            continue
    return None
