"""Tables of a report, row by row, by the words in their headers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ghcr_audit.lint.document import Block, Document
from ghcr_audit.lint.model import Container


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A body row: its cells and those of the header above it; a header may be longer, never shorter."""

    header: tuple[str, ...]
    cells: tuple[str, ...]
    line: int
    section: int

    def cell_under(self, words: re.Pattern[str]) -> str:
        """The cell below the first header that speaks of it; empty without one."""
        pairs = zip(self.header, self.cells, strict=False)
        return next((cell for title, cell in pairs if words.search(title)), "")


def rows_of(document: Document) -> Iterator[Row]:
    """All body rows of all tables, in order."""
    cells = [block for block in document.blocks if block.container is Container.TABLE_CELL]
    for _, table in groupby(cells, key=lambda cell: cell.table):
        lines = [tuple(row) for _, row in groupby(table, key=lambda cell: cell.start)]
        header = _texts(lines[0])
        for row in lines[1:]:
            yield Row(header=header, cells=_texts(row), line=row[0].start, section=row[0].section)


def _texts(row: Sequence[Block]) -> tuple[str, ...]:
    return tuple(cell.text.strip() for cell in row)
