"""The sentences of a module, as templates: read from its syntax tree, nothing is run.

A sentence is a string that a person may read: it has letters and blanks among them, or is one of the words that are
named to stand alone. F-strings become templates: what stands in their braces is named after the expression. Where a
part of one is an alternative (`'a' if x else 'b'`, a local name with one such value, a constant), each is written out
as a whole sentence, so that a translator sees what a reader sees.
"""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.catalogue.alternatives import Known, Parts, alternatives, called, written
from tests.catalogue.assigned import constants, in_function, is_text

_TEMPLATES = {"phrase"}
"""Functions whose first argument is a template already."""
_TOLD = {"tell", "told_as"}
"""Functions whose argument is a sentence, or a word."""
_UNREAD_CALLS = {
    *("compile", "fullmatch", "search", "match", "sub", "findall", "finditer", "newest", "keys", "removeprefix"),
    *("removesuffix", "startswith", "endswith", "split", "partition", "rpartition", "replace", "strip", "rstrip"),
    *("lstrip", "encode", "decode", "getattr", "import_module", "strftime", "attrSet", "cast", "TypeVar", "get"),
    *("count", "find", "rfind", "Path", "quote", "open"),
}
"""Calls whose texts nobody reads."""
_UNREAD_KEYWORDS = {
    *("evidence", "commands", "pattern", "key", "says", "and_says", "never", "look", "anchor", "extra", "encoding"),
    *("example", "errors", "newline", "mode", "prefix", "metavar", "action", "dest", "sep", "format", "name"),
}
_GOES_ON = " ,;"
"""What begins so is put behind something else; but a blank and a capital begin another sentence."""
_PROSE = re.compile(r"[A-Za-z][A-Za-z'’,.;:)-]* +\S|\S +[(']?[A-Za-z]{2}")
_NOT_PROSE = re.compile(
    r"\\[bwdsA-Z]|\[\^|\.\*(?!\*)|\w\|\w|\^\("  # patterns
    r"|^\s*(?:[<.#:/@]|\*[^*])|<[a-z/]+[ >]|;base64,|viewBox|default-src"  # markup, style sheets
    r"|^[a-z]+=|^--[a-z-]+(?: |$)|\{\{\.|^\{\{"  # options, Go's templates
)


def sentences(source: str, words: Iterable[str] = ()) -> Iterator[str]:
    """The templates of a module's source, in the catalogue's grammar; `words` are those that stand alone there."""
    tree = ast.parse(source)
    wanted = frozenset(words)
    shown = (parts for known, node in _texts(tree) for parts in alternatives(node, known) if _is_read(parts, wanted))
    yield from dict.fromkeys((*(written(parts).strip() for parts in shown), *_templates(tree)))


def _templates(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            text = str(node.args[0].value)
            if called(node) in _TEMPLATES:
                yield text
            elif called(node) in _TOLD:
                yield written((text,))


def _is_read(parts: Parts, words: frozenset[str]) -> bool:
    text = "".join(part if isinstance(part, str) else "X" for part in parts)
    if text in words:
        return True
    letters = any(re.search(r"[A-Za-z]{2}", part) for part in parts if isinstance(part, str))
    goes_on = text[:1] in _GOES_ON and not re.match(r" [A-Z]", text)
    return letters and not goes_on and bool(_PROSE.search(text)) and not _NOT_PROSE.search(text)


def _texts(tree: ast.Module) -> Iterator[tuple[Known, ast.expr]]:
    """Every outermost text that is no docstring, key, pattern or compared value, and the names that are known there."""
    pending: list[tuple[Known, ast.AST]] = [(constants(tree), tree)]
    while pending:
        known, node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            known = in_function(node, known)
        if isinstance(node, ast.expr) and is_text(node):
            yield known, node
            pending += [(known, inner) for inner in reversed(list(_inside(node)))]
        else:
            pending += [(known, child) for child in reversed(list(_children(node)))]


def _inside(node: ast.expr) -> Iterator[ast.AST]:
    """What stands in the braces of an f-string, or beside a text: calls, mostly, with texts of their own."""
    for part in ast.walk(node):
        if isinstance(part, ast.FormattedValue) and not is_text(part.value):
            yield part.value
        elif isinstance(part, ast.BinOp):
            yield from (side for side in (part.left, part.right) if not is_text(side))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node in which a reader's text may stand."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Import | ast.ImportFrom | ast.MatchValue):
        return
    yield from _read_parts(node)


def _read_parts(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Compare):
        yield from (part for part in (node.left, *node.comparators) if not isinstance(part, ast.Constant))
    elif isinstance(node, ast.Dict):
        yield from (*node.values, *(key for key in node.keys if key and not isinstance(key, ast.Constant)))
    elif isinstance(node, ast.Call):
        yield from _arguments(node)
    elif isinstance(node, ast.AnnAssign):
        yield from filter(None, (node.value,))
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body)
    else:
        yield from ast.iter_child_nodes(node)


def _arguments(call: ast.Call) -> Iterator[ast.AST]:
    yield call.func
    unread = called(call) in _UNREAD_CALLS
    skipped = int(called(call) in _TEMPLATES)
    yield from (one for one in call.args[skipped:] if not (unread and is_text(one)))
    yield from (one.value for one in call.keywords if one.arg not in _UNREAD_KEYWORDS)
