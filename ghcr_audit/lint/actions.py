"""Open actions of a report: task lists anywhere, and all that stands under a heading such as "Next steps"."""

import re
from collections.abc import Iterator

from ghcr_audit.lint.document import Block, Document, without_markup
from ghcr_audit.lint.model import Action, Container
from ghcr_audit.lint.tables import Row, rows_of

_SECTION = re.compile(
    r"(?i)\bto-?do\b|\bopen (?:actions?|items?|points?|issues?|tasks?)\b|\baction items?\b|\bfollow-?ups?\b"
    r"|\b(?:needed|required|remaining|next|pending|recommended|completed|closed|done)"
    r" (?:actions?|steps?|work|items?|tasks?)\b"
    r"|(?:\A|> ?)[0-9. ]*actions?\b|\bactions? (?:needed|required)\b"
    r"|조치|후속|남은 ?(?:작업|일)|할 ?일|다음 ?단계|미해결"
)
_DONE_SECTION = re.compile(r"(?i)\b(?:completed|done|closed)\b|완료")
_TASK = re.compile(r"\[(?P<mark>[ xX])\][ \t]+(?P<text>\S.*)", re.DOTALL)
_TODO = re.compile(r"[ \t*_>-]*+(?:TODO|FIXME|To do|조치 ?필요|할 ?일)[*_]*[ \t]*[:\uff1a][ \t*_]*+(?P<text>\S.*)")
_DONE = re.compile(r"(?i)\A\s*(?:~~|✅|✔|☑|완료|done\b)|(?:\((?:done|완료)\)|완료|✅)[\s.)]*\Z")
_ACTION_HEADER = re.compile(r"(?i)\bactions?\b|\btasks?\b|\bto-?do\b|\bwhat\b|조치|작업|내용|할 ?일")
_STATE_HEADER = re.compile(r"(?i)status|state|done|상태|완료|진행")
_DONE_STATE = re.compile(r"(?i)\A\W*(?:done|closed|completed|yes|x\b|완료)|✅|✔|☑")


def actions_in(document: Document) -> Iterator[Action]:
    """Everything that was to be done and whether it is marked as done; not in order of lines."""
    for block in document.blocks:
        if block.container is Container.PARAGRAPH:
            yield from _of_paragraph(document, block)
    for row in rows_of(document):
        text = row.cell_under(_ACTION_HEADER)
        if text and _SECTION.search(document.path_of(row.section)):
            yield _action(document, text, line=row.line, section=row.section, done=_row_done(row, text))


def _of_paragraph(document: Document, block: Block) -> Iterator[Action]:
    task = _TASK.match(block.text) if block.item else None
    if task:
        done = task["mark"] != " " or _marked_done(task["text"])
        yield _action(document, task["text"], line=block.start, section=block.section, done=done)
    elif block.item and _SECTION.search(document.path_of(block.section)):
        done = _marked_done(block.text)
        yield _action(document, block.text, line=block.start, section=block.section, done=done)
    else:
        for number, line in enumerate(block.text.split("\n")):
            todo = _TODO.match(line)
            if todo:
                yield _action(document, todo["text"], line=block.start + number, section=block.section, done=False)


def _action(document: Document, text: str, *, line: int, section: int, done: bool) -> Action:
    path = document.path_of(section)
    done = done or _DONE_SECTION.search(path) is not None
    return Action(text=without_markup(text), done=done, section=path, line=line + 1)


def _marked_done(text: str) -> bool:
    return _DONE.search(text) is not None


def _row_done(row: Row, text: str) -> bool:
    return _marked_done(text) or _DONE_STATE.search(row.cell_under(_STATE_HEADER)) is not None
