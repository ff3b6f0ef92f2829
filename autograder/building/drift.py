"""Says where notebooks, text source and student stub have come apart, one sentence a difference."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nbformat

# Metadata that a run adds to the completed notebook, and that its text source does not know.
_ADDED_BY_RUN = ("executed",)


def differences(name: str, stored: nbformat.NotebookNode, expected: nbformat.NotebookNode) -> list[str]:
    """Where ids, kinds, sources or metadata of a stored notebook are not what its text source makes of them."""
    told = [f"{name}: the notebook's own metadata is not what the text source makes."] if _own(stored) != _own(expected) else []
    if [cell.id for cell in stored.cells] != [cell.id for cell in expected.cells]:
        return [*told, f"{name}: its cells are not those of the text source."]
    for cell, wanted in zip(stored.cells, expected.cells, strict=True):
        for part in ("cell_type", "source", "metadata"):
            if cell[part] != wanted[part]:
                told.append(f"{name}: {part} of cell {cell.id} is not that of the text source.")
    return told


def _own(notebook: nbformat.NotebookNode) -> dict:
    course = {key: value for key, value in notebook.metadata.get("course", {}).items() if key not in _ADDED_BY_RUN}
    return {**notebook.metadata, "course": course, "format": (notebook.nbformat, notebook.nbformat_minor)}


def not_executed(name: str, notebook: nbformat.NotebookNode) -> list[str]:
    """Where a completed notebook has not been run: nbval compares nothing in such a cell and passes it."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    told = [f"{name}: cell {cell.id} has not been executed." for cell in code if cell.execution_count is None]
    told += [
        f"{name}: cell {cell.id} has raised {output.ename}."
        for cell in code
        for output in cell.outputs
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", [])
    ]
    if not any(cell.outputs for cell in code):
        told.append(f"{name}: no cell has an output.")
    return told


def not_cleared(name: str, notebook: nbformat.NotebookNode) -> list[str]:
    """Where a student notebook still has a solution, a hidden test or an output."""
    told = []
    for cell in notebook.cells:
        told += [f"{name}: cell {cell.id} still shows {mark}." for mark in ("BEGIN SOLUTION", "HIDDEN TESTS") if mark in cell.source]
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            told.append(f"{name}: cell {cell.id} still has an output.")
    return told


def stub_differences(name: str, solution: str, stub: str) -> list[str]:
    """Where a stub does not compile or does not define the names and signatures of its solution.

    name: what the sentences call the cell; solution, stub: source of the two cells.
    """
    try:
        given = definitions(stub)
    except SyntaxError as error:
        return [f"{name}: the stub does not compile ({error.msg}, line {error.lineno})."]
    told = []
    for defined, signature in definitions(solution).items():
        if defined not in given:
            told.append(f"{name}: the solution defines {defined}, the stub does not.")
        elif given[defined] != signature:
            told.append(f"{name}: {defined}{signature} in the solution is {defined}{given[defined]} in the stub.")
    return told


def definitions(code: str) -> dict[str, str]:
    """Names that a cell defines for others -> signature: functions, classes, methods ("Class.method"), variables.

    A signature holds argument names, kinds and defaults, and for a class its bases. Raises SyntaxError.
    """
    # Magics and shell lines are for IPython alone; they define no name.
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in inspect.cleandoc("\n" + code).splitlines()]
    return _definitions(ast.parse("\n".join(lines)).body, "")


def _definitions(body: list[ast.stmt], prefix: str) -> dict[str, str]:
    found = {}
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            decorators = "".join(f" @{ast.unparse(one)}" for one in node.decorator_list)
            found[prefix + node.name] = f"({ast.unparse(node.args)}){decorators}"
        elif isinstance(node, ast.ClassDef):
            found[prefix + node.name] = f"({', '.join(ast.unparse(base) for base in node.bases)})"
            found |= _definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {prefix + name.id: " (a variable)" for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found
