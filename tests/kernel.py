"""Runs cells in a real kernel, as a student would: used by the tests of carry-over, evidence and hand-in."""

import os
from pathlib import Path

import nbformat
from jupyter_client import KernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


def run(folder, cells, *, store_history=True, env=()):
    """Execute cells in a fresh kernel with `folder` as working directory; the texts printed by each cell.

    An exception in a cell is part of its text. store_history=False runs them as nbval does.
    """
    return [text_of(cell) for cell in execute(folder, cells, store_history=store_history, env=env).cells]


def execute(folder, cells, *, store_history=True, env=()):
    """Like `run`; returns the executed notebook."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    return execute_notebook(folder, notebook, store_history=store_history, env=env)


def execute_notebook(folder, notebook, *, store_history=True, env=()):
    """Execute a notebook in place in a fresh kernel of this Python and return it."""
    client = NotebookClient(notebook, km=KernelManager(kernel_name="python3"), timeout=120, allow_errors=True, shutdown_kernel="immediate", resources={"metadata": {"path": str(folder)}})
    kernel_env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "VIT_DATA": "MNIST-5k", "VIT_PROFILE": "smoke", **dict(env)}
    with client.setup_kernel(env=kernel_env, cleanup_kc=True):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                client.execute_cell(cell, index, store_history=store_history)
    return notebook


def text_of(cell):
    """Everything a cell printed or raised, as one text."""
    parts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}")
        else:
            parts.append(str(output.data.get("text/plain", "")))
    return "".join(parts)
