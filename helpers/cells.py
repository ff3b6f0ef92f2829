"""Reads Python sources statement by statement: the cells run so far, what a statement binds and what it needs."""

import ast
import linecache
import re
import symtable
import sys
from dataclasses import dataclass

# Cell magics that run their body as ordinary code; the cells of all others (%%bash, %%writefile) are no Python.
TRANSPARENT_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")


@dataclass(frozen=True)
class Statement:
    """One top-level statement: its text, the names it binds or changes (`X.y = ...`) and the globals it needs."""

    text: str
    node: ast.stmt
    binds: frozenset
    changes: frozenset
    needs: frozenset
    needs_first: frozenset  # names read while the statement itself runs, outside function bodies


def cells():
    """Texts of the cells run so far in this kernel, oldest first, as plain Python; [] outside IPython."""
    ip = shell()
    if ip is None:
        return []
    raw = [text for text in ip.history_manager.input_hist_raw if text.strip()]
    seen = [text for text in (_plain(ip, cell) for cell in raw) if text is not None]
    # Cells run with store_history=False (nbval does) stand only in linecache; they count as the oldest.
    cached = ["".join(linecache.getlines(name)) for name in ip.compile._filename_map]
    return [text for text in cached if text not in seen] + seen


def raw_cells():
    """Texts of the cells run so far exactly as the student typed them, oldest first; [] outside IPython."""
    ip = shell()
    return [] if ip is None else [text for text in ip.history_manager.input_hist_raw if text.strip()]


def shell():
    """The running IPython shell, or None outside IPython."""
    if "IPython" not in sys.modules:
        return None
    return sys.modules["IPython"].get_ipython()


def _plain(ip, cell):
    """A cell as Python without magics, or None where it is another language."""
    head, _, rest = cell.lstrip().partition("\n")
    if head.startswith("%%"):
        if not head.startswith(TRANSPARENT_MAGICS):
            return None
        cell = rest
    return ip.input_transformer_manager.transform_cell(cell)


def statements(text):
    """The top-level statements of a source text; [] where it is no valid Python."""
    text = text.replace("\r\n", "\n")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    lines = text.split("\n")
    found = []
    for node in tree.body:
        segment = _segment(lines, text, node)
        try:
            table = symtable.symtable(segment, "<cell>", "exec")
        except (SyntaxError, ValueError):
            continue  # a top-level await and the like: nothing that a file could hold
        symbols = table.get_symbols()
        found.append(
            Statement(
                text=_tidy(segment),
                node=node,
                binds=frozenset(s.get_name() for s in symbols if s.is_assigned() or s.is_imported()),
                changes=frozenset(_changed(node)),
                needs=frozenset(_globals(table)) | {s.get_name() for s in symbols if s.is_referenced()},
                needs_first=frozenset(s.get_name() for s in symbols if s.is_referenced()),
            )
        )
    return found


def _segment(lines, text, node):
    whole = lines[first_line(node) - 1 : node.end_lineno]
    try:
        if len(ast.parse("\n".join(whole)).body) == 1:
            return "\n".join(whole)  # whole lines keep trailing comments
    except SyntaxError:
        pass
    return ast.get_source_segment(text, node)  # several statements on one line


def _tidy(segment):
    """A statement without what is left of IPython's magics and without nbgrader's marks."""
    segment = re.sub(r"(?m)^([ \t]*)get_ipython\(\)\..*$", r"\1pass", segment)
    return re.sub(r"(?m)^[ \t]*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)[ \t]*\n?", "", segment)


def _changed(node):
    """Names whose attributes or items a statement assigns: `AttentionBlock.forward = forward`."""
    targets = {ast.Assign: lambda n: n.targets, ast.AugAssign: lambda n: [n.target]}.get(type(node), lambda n: [])(node)
    for target in targets:
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            while isinstance(target, (ast.Attribute, ast.Subscript)):
                target = target.value
            if isinstance(target, ast.Name):
                yield target.id


def _globals(table):
    for child in table.get_children():
        for symbol in child.get_symbols():
            if symbol.is_global() and (symbol.is_referenced() or symbol.is_assigned()):
                yield symbol.get_name()
        yield from _globals(child)


def first_line(node):
    """Line on which a statement begins, its decorators included."""
    return min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", [])])
