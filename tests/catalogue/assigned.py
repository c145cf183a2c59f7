"""What a local name or a module's constant stands for, where that is one text."""

import ast
from collections.abc import Iterable, Iterator, Mapping

Function = ast.FunctionDef | ast.AsyncFunctionDef


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The texts that a module gives a name to."""
    return assigned_once(one for one in tree.body if isinstance(one, ast.Assign | ast.AnnAssign))


def in_function(function: Function, outer: Mapping[str, ast.expr]) -> dict[str, ast.expr]:
    """The names that stand for one text inside of a function."""
    local = assigned_once(function.body)
    arguments = {one.arg for one in (*function.args.args, *function.args.kwonlyargs, *function.args.posonlyargs)}
    hidden = arguments | {name for node in ast.walk(function) for name, _ in _assignments(node)} - set(local)
    return {name: value for name, value in {**outer, **local}.items() if name not in hidden}


def assigned_once(body: Iterable[ast.stmt]) -> dict[str, ast.expr]:
    """Names that are given a value once, and that value, where it is a text."""
    found: dict[str, list[ast.expr | None]] = {}
    for statement in body:
        for node in ast.walk(statement):
            for name, value in _assignments(node):
                found.setdefault(name, []).append(value)
    return {name: one for name, (one, *more) in found.items() if one is not None and not more and is_text(one)}


def is_text(value: ast.expr) -> bool:
    """Whether the expression is a text that is written there, at least in part."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    if isinstance(value, ast.IfExp):
        return is_text(value.body) and is_text(value.orelse)
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Add) and (is_text(value.left) or is_text(value.right))
    return isinstance(value, ast.JoinedStr)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Names that a statement or expression gives a value to; None: not one that can be read here."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        yield from _targets(node.target, node.value)
    elif isinstance(node, ast.AugAssign | ast.For | ast.comprehension):
        yield from ((one.id, None) for one in ast.walk(node.target) if isinstance(one, ast.Name))


def _targets(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        values: list[ast.expr | None] = list(value.elts) if isinstance(value, ast.Tuple) else [None] * len(target.elts)
        for one, given in zip(target.elts, values, strict=False):
            if isinstance(one, ast.Name):
                yield one.id, given
