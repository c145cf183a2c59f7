"""Where in a document something stands: its block, and the inline construct around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ghcr_audit.lint.document import Block, Document
from ghcr_audit.lint.leaks import Found
from ghcr_audit.lint.model import Container

_LONGEST_INLINE = 65_536
"""Longer blocks are not looked into: the parser's inline rules need more than linear time."""
_INLINE = frozenset({Container.PARAGRAPH, Container.HEADING, Container.TABLE_CELL})
_BLANK = Block(container=Container.PARAGRAPH, start=0, end=0, text="", section=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The innermost construct (`container`) and the block that it is part of."""

    container: Container
    block: Block


def place_of(document: Document, found: Found) -> Place:
    """The construct that holds a find; between blocks, a paragraph."""
    raw = document.text[found.start : found.end]
    block = _block_of(document.blocks_at(document.line_of(found.start)), raw)
    if block.container is Container.HTML_BLOCK:
        return Place(container=_in_html(document, found, block), block=block)
    if block.container not in _INLINE or len(block.text) > _LONGEST_INLINE:
        return Place(container=block.container, block=block)
    needles = (raw, found.identity.value)
    return Place(container=_inner(block, needles), block=block)


def _block_of(blocks: Sequence[Block], raw: str) -> Block:
    """Of several cells in a row the one that holds the text."""
    return next((block for block in blocks if raw in block.text), blocks[0] if blocks else _BLANK)


def _in_html(document: Document, found: Found, block: Block) -> Container:
    """Inside a block of HTML: the comment around it, if one is open there."""
    before = document.text[document.line_starts[block.start] : found.start]
    return Container.HTML_COMMENT if before.rfind("<!--") > before.rfind("-->") else Container.HTML_BLOCK


def _inner(block: Block, needles: tuple[str, ...]) -> Container:
    for container, text in _pieces(block.text):
        if any(needle in text for needle in needles):
            return container or block.container
    return block.container


@lru_cache(maxsize=8)
def _pieces(text: str) -> tuple[tuple[Container | None, str], ...]:
    """The inline constructs of a block in order, each with its text; None is plain text."""
    tokens = _parser().parseInline(text, {})
    return tuple(piece for token in tokens for child in token.children or () for piece in _piece(child))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True})


def _piece(token: Token) -> Iterator[tuple[Container | None, str]]:
    if token.type == "code_inline":
        yield Container.INLINE_CODE, token.content
    elif token.type == "link_open":
        yield Container.LINK_DESTINATION, _address(token, "href")
        yield Container.LINK_TITLE, str(token.attrs.get("title", ""))
    elif token.type == "image":
        yield Container.IMAGE, f"{_address(token, 'src')} {token.attrs.get('title', '')} {token.content}"
    elif token.type == "html_inline":
        yield Container.HTML_COMMENT if token.content.startswith("<!--") else Container.HTML_TAG, token.content
    else:
        yield None, token.content


def _address(token: Token, name: str) -> str:
    address = str(token.attrs.get(name, ""))
    return f"{address} {unquote(address)}"
