"""All that a text in the source may come to: literal parts, and holes that are named after what stands in them."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

from tests.catalogue.assigned import is_text

_MOST = 16
"""A sentence with more alternatives than that keeps them as holes."""
_DEEPEST = 4
"""So many names are followed behind one another."""
_TRANSPARENT = {"shown", "one_line", "len", "str", "sorted", "inline", "code", "cell"}
"""Calls that say less than what they are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Where a value stands."""

    name: str


Parts = tuple[str | Hole, ...]
Known = Mapping[str, ast.expr]
"""Names that stand for one text."""


def alternatives(node: ast.expr, known: Known) -> tuple[Parts, ...]:
    """Each form that the text may have, whole."""
    found = tuple(islice(_variants(node, known, 0), _MOST + 1))
    if len(found) > _MOST:
        found = tuple(islice(_variants(node, {}, 0), _MOST))
    return tuple(_joined(parts) for parts in found)


def written(parts: Parts) -> str:
    """Parts as the catalogue writes them: holes' names unique, braces doubled."""
    used: dict[str, int] = {}
    shown = []
    for part in parts:
        if isinstance(part, str):
            shown.append(part.replace("{", "{{").replace("}", "}}"))
            continue
        used[part.name] = used.get(part.name, 0) + 1
        shown.append("{" + part.name + (str(used[part.name]) if used[part.name] > 1 else "") + "}")
    return "".join(shown)


def called(node: ast.Call) -> str:
    """The name of what is called."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _variants(node: ast.expr, known: Known, depth: int) -> Iterator[Parts]:
    if isinstance(node, ast.Constant):
        yield (str(node.value),)
    elif isinstance(node, ast.IfExp) and is_text(node):
        yield from (*_variants(node.body, known, depth), *_variants(node.orelse, known, depth))
    elif isinstance(node, ast.JoinedStr):
        yield from _combined([_variants(part, known, depth) for part in node.values])
    elif isinstance(node, ast.FormattedValue):
        yield from _variants(node.value, known, depth)
    elif isinstance(node, ast.BinOp) and is_text(node):
        yield from _combined([_variants(node.left, known, depth), _variants(node.right, known, depth)])
    elif isinstance(node, ast.Name) and node.id in known and depth < _DEEPEST:
        yield from _variants(known[node.id], known, depth + 1)
    else:
        yield (Hole(name=_name(node)),)


def _combined(sides: list[Iterator[Parts]]) -> Iterator[Parts]:
    for chosen in product(*(tuple(islice(side, _MOST + 1)) for side in sides)):
        yield tuple(part for parts in chosen for part in parts)


def _joined(parts: Parts) -> Parts:
    merged: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return tuple(merged)


def _name(node: ast.expr) -> str:
    """A name for a hole, of the expression's own words."""
    while isinstance(node, ast.Subscript | ast.BoolOp | ast.IfExp):
        node = _inner(node)
    if isinstance(node, ast.Name):
        return node.id.strip("_")
    if isinstance(node, ast.Attribute):
        outer = _name(node.value) if isinstance(node.value, ast.Name) or node.attr == "value" else ""
        return "_".join(part for part in (outer, node.attr.strip("_")) if part and part not in ("self", "value"))
    return _name_of_call(node) if isinstance(node, ast.Call) else "value"


def _inner(node: ast.Subscript | ast.BoolOp | ast.IfExp) -> ast.expr:
    if isinstance(node, ast.Subscript):
        return node.value
    if isinstance(node, ast.BoolOp):
        return node.values[0]
    return node.orelse if isinstance(node.body, ast.Constant) else node.body


def _name_of_call(node: ast.Call) -> str:
    inner = [one for one in node.args if isinstance(one, ast.Name | ast.Attribute)]
    return _name(inner[0]) if called(node) in _TRANSPARENT and inner else called(node).strip("_") or "value"
