"""Mutants of a student's cell: one small change each, as a slip of the keyboard or of the mind would make."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator


def mutants(source: str, only: str) -> Iterator[tuple[str, str]]:
    """(what was changed, source of the mutant) for every change inside the function or class `only`
    that compiles and differs."""
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    seen = {plain}
    for label, change in _changes(tree, only):
        copied = copy.deepcopy(tree)
        try:
            change(copied)
            text = ast.unparse(ast.fix_missing_locations(copied))
            compile(text, "<mutant>", "exec")
        except (ValueError, SyntaxError):
            continue
        if text not in seen:
            seen.add(text)
            yield label, text


def _changes(tree: ast.Module, only: str):
    """(label, function that changes a copy of the tree) for every place that can be changed."""
    inside = {id(node) for top in tree.body if getattr(top, "name", None) == only for node in ast.walk(top)}
    for k, node in enumerate(ast.walk(tree)):
        if id(node) not in inside:
            continue
        line = getattr(node, "lineno", 0)
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and not isinstance(node, (ast.Module, ast.ClassDef)):
                for i, statement in enumerate(block):
                    if not isinstance(statement, (ast.Pass, ast.Import, ast.ImportFrom, ast.FunctionDef)) and not (
                            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)) and not (
                            _initialises(statement)):
                        yield f"line {statement.lineno}: dropped", _at(k, _drop(name, i))
        if isinstance(node, ast.Call):
            plain = [i for i, arg in enumerate(node.args) if not isinstance(arg, ast.Starred)]
            for i, j in zip(plain, plain[1:]):
                if ast.dump(node.args[i]) != ast.dump(node.args[j]):
                    yield f"line {line}: arguments {i} and {j} swapped", _at(k, _swap("args", i, j))
        if isinstance(node, ast.Tuple) and len(node.elts) > 1 and all(isinstance(e, ast.Constant) for e in node.elts):
            yield f"line {line}: axes swapped", _at(k, _swap("elts", 0, 1))
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield f"line {line}: {node.value} flipped", _at(k, _value(not node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            for value in (node.value + 1, node.value - 1):
                yield f"line {line}: {node.value} became {value}", _at(k, _value(value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value:
            yield f"line {line}: {node.value} became {node.value * 3}", _at(k, _value(node.value * 3))
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult, ast.FloorDiv, ast.Mod)):
            for side in ("left", "right"):
                yield f"line {line}: only the {side} side kept", _at(k, _operand(side))


def _initialises(statement: ast.stmt) -> bool:
    """True where a statement only sets first values: without it torch.empty holds whatever memory held,
    which no contract forbids and no test can repeat."""
    text = ast.unparse(statement)
    return "init" in text or any(f".{name}_(" in text for name in ("normal", "uniform", "trunc_normal", "zero", "fill"))


def _at(k: int, change):
    def apply(tree):
        nodes = list(ast.walk(tree))
        change(nodes[k], tree)
    return apply


def _drop(name: str, i: int):
    def change(node, tree):
        block = getattr(node, name)
        block[i:i + 1] = [ast.Pass()] if len(block) == 1 else []
    return change


def _swap(name: str, i: int, j: int):
    def change(node, tree):
        items = getattr(node, name)
        items[i], items[j] = items[j], items[i]
    return change


def _value(value):
    def change(node, tree):
        node.value = value
    return change


def _operand(side: str):
    def change(node, tree):
        keep = getattr(node, side)
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, field, keep)
                    return
                if isinstance(value, list) and any(item is node for item in value):
                    value[[item is node for item in value].index(True)] = keep
                    return
        raise ValueError("not found")
    return change
