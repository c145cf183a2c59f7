"""Commands with their outputs, read back out of a report: fences, labelled lines, tables.

It reads a document whose secrets are out already: what it returns is text of that document, nothing else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ghcr_audit.lint.document import Block, Document
from ghcr_audit.lint.model import MAX_TEXT_CHARS, Container, Evidence
from ghcr_audit.lint.tables import Row, rows_of
from ghcr_audit.lint.transcripts import OUTPUT_INFOS, SHELL_INFOS, Exchange, exchanges_in, stated_exit_code
from ghcr_audit.text.terminal import bounded, plain

_CODE = frozenset({Container.FENCE, Container.INDENTED_CODE})
_LABEL = r"(?i)[ \t*_`>-]*+(?:{})[ \t*_`]*+[:\uff1a][ \t*_]*+(?P<said>.*)"
_COMMAND = re.compile(_LABEL.format("command|cmd|ran|명령어?|실행(?: ?명령)?"))
_OUTPUT = re.compile(_LABEL.format("(?:output|stdout|stderr|response|result|출력|결과|응답)(?: ?값)?"))
_COMMAND_HEADER = re.compile(r"(?i)command|\bcmd\b|명령|실행")
_OUTPUT_HEADER = re.compile(r"(?i)output|result|stdout|response|출력|결과|응답")
_EXIT_HEADER = re.compile(r"(?i)\bexit|\brc\b|종료")
_BREAK = re.compile(r"(?i)<br ?/?>")
_COMMENTS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?(?:\n|\Z))*")
_PADDING = " \t\n`"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    text: str = ""
    blocks: int = 0
    """How many blocks after the command belong to it."""


def evidence_in(document: Document) -> Iterator[Evidence]:
    """Every command of the report with what it printed, as far as the report tells; not in order of lines."""
    blocks = [block for block in document.blocks if block.container is not Container.TABLE_CELL]
    index = 0
    while index < len(blocks):
        found, used = _at(blocks, index)
        yield from (_evidence(document, blocks[index], exchange) for exchange in found)
        index += used
    for row in rows_of(document):
        yield from _of_row(document, row)


def _at(blocks: Sequence[Block], index: int) -> tuple[tuple[Exchange, ...], int]:
    """What the block at `index` begins, and how many blocks that takes."""
    block = blocks[index]
    if block.container in _CODE:
        return _of_code(blocks, index, is_command=_language(block) in SHELL_INFOS)
    if block.container is not Container.PARAGRAPH:
        return (), 1
    labelled = _labelled(block.text)
    if labelled is None:
        return (), 1
    if not labelled.command:
        found, used = _of_code(blocks, index + 1, is_command=True) if _is_code(blocks, index + 1) else ((), 0)
        return found, used + 1
    output = _Output(text=labelled.output) if labelled.output else _output_after(blocks, index)
    return (_answered(labelled, output),), 1 + output.blocks


def _of_code(blocks: Sequence[Block], index: int, *, is_command: bool) -> tuple[tuple[Exchange, ...], int]:
    """A pasted session, or with `is_command` a script whose output may follow."""
    text = blocks[index].text
    first_line = 1 if blocks[index].container is Container.FENCE else 0
    found = exchanges_in(text, script=_language(blocks[index]) in SHELL_INFOS)
    if not found and is_command and not _COMMENTS.fullmatch(text):
        found = (Exchange(line=0, command=text.strip("\n"), output=""),)
    if not found:
        return (), 1
    output = _Output() if found[-1].output else _output_after(blocks, index)
    placed = (*found[:-1], _answered(found[-1], output))
    return tuple(_moved(exchange, first_line) for exchange in placed), 1 + output.blocks


def _output_after(blocks: Sequence[Block], index: int) -> _Output:
    """The output of a command at `index`: the fence behind it, or what stands under `Output:`."""
    after = index + 1
    if after >= len(blocks) or blocks[after].section != blocks[index].section:
        return _Output()
    label = _OUTPUT.match(blocks[after].text) if blocks[after].container is Container.PARAGRAPH else None
    if label and not label["said"].strip(_PADDING) and _is_code(blocks, after + 1):
        return _Output(text=blocks[after + 1].text.strip("\n"), blocks=2)
    if label:
        return _Output(text=blocks[after].text[label.start("said") :].strip(_PADDING), blocks=1)
    if _is_code(blocks, after) and _language(blocks[after]) in OUTPUT_INFOS and not exchanges_in(blocks[after].text):
        return _Output(text=blocks[after].text.strip("\n"), blocks=1)
    return _Output()


def _is_code(blocks: Sequence[Block], index: int) -> bool:
    return index < len(blocks) and blocks[index].container in _CODE


def _labelled(text: str) -> Exchange | None:
    """`Command: …` with, in the same paragraph, perhaps `Output: …`; None for any other paragraph."""
    lines = text.split("\n")
    command = _COMMAND.match(lines[0])
    if command is None:
        return None
    outputs = [(number, match) for number, line in enumerate(lines[1:], 1) if (match := _OUTPUT.match(line))]
    if not outputs:
        return Exchange(line=0, command=command["said"].strip(_PADDING), output="")
    number, output = outputs[0]
    said = "\n".join((output["said"], *lines[number + 1 :]))
    return Exchange(line=0, command=command["said"].strip(_PADDING), output=said.strip(_PADDING))


def _answered(exchange: Exchange, output: _Output) -> Exchange:
    text = exchange.output or output.text
    code = stated_exit_code(text) if exchange.exit_code is None else exchange.exit_code
    return Exchange(line=exchange.line, command=exchange.command, output=text, exit_code=code)


def _moved(exchange: Exchange, lines: int) -> Exchange:
    return Exchange(
        line=exchange.line + lines,
        command=exchange.command,
        output=exchange.output,
        exit_code=exchange.exit_code,
    )


def _language(block: Block) -> str:
    return block.info.split(maxsplit=1)[0].lower().strip("{}.") if block.info else ""


def _evidence(document: Document, block: Block, exchange: Exchange) -> Evidence:
    last = len(document.line_starts)
    return Evidence(
        section=document.path_of(block.section),
        line=min(block.start + exchange.line + 1, last),
        command=_text(exchange.command),
        output=_text(exchange.output),
        exit_code=exchange.exit_code,
    )


def _of_row(document: Document, row: Row) -> Iterator[Evidence]:
    command = row.cell_under(_COMMAND_HEADER).strip(_PADDING)
    if not command or not any(_OUTPUT_HEADER.search(title) for title in row.header):
        return
    code = re.fullmatch(r"[`* ]*(-?[0-9]{1,3})[`* ]*", row.cell_under(_EXIT_HEADER))
    output = _BREAK.sub("\n", row.cell_under(_OUTPUT_HEADER)).strip(_PADDING)
    yield Evidence(
        section=document.path_of(row.section),
        line=row.line + 1,
        command=_text(command),
        output=_text(output),
        exit_code=int(code[1]) if code else stated_exit_code(output),
    )


def _text(text: str) -> str:
    """Readable and bounded; twice, since naming an invisible character makes the text longer."""
    return bounded(plain(bounded(text, MAX_TEXT_CHARS)[0]), MAX_TEXT_CHARS)[0]
