"""Runs a notebook in a kernel of the current interpreter, in a folder of the caller's choice, and tidies its outputs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .sources import COURSE

if TYPE_CHECKING:
    import nbformat

# What every stored output was made with: the same on every machine, and what `make test` runs with.
ENVIRONMENT = {"VIT_PROFILE": "smoke", "VIT_DATA": "MNIST-5k", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
# No version: it would differ from machine to machine.
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
_WIDGET = "application/vnd.jupyter.widget-view+json"
_UNSET = ("PATH_DATASETS", "MPLBACKEND", "NBGRADER_EXECUTION", "COLUMNS")


class CellFailed(Exception):
    """A cell raised, or took too long; the message names notebook and cell in one sentence, `trace` has the traceback."""

    def __init__(self, message: str, trace: str = ""):
        super().__init__(message)
        self.trace = trace


def environment(settings: dict[str, str] | None = None) -> dict[str, str]:
    """Environment variables for a kernel: this process's own, with `settings` and with the course importable."""
    inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
    path = os.pathsep.join(part for part in (str(COURSE), inherited.get("PYTHONPATH")) if part)
    return {**inherited, "PYTHONPATH": path, **(ENVIRONMENT if settings is None else settings)}


def execute(
    notebook: nbformat.NotebookNode,
    folder: Path,
    settings: dict[str, str] | None = None,
    timeout: float | None = 900,
    on_cell: Callable[[int], None] = lambda index: None,
) -> nbformat.NotebookNode:
    """Run every cell of the notebook in `folder` and return it with its outputs, tidied.

    settings: environment variables of the run (None: `ENVIRONMENT`); timeout: seconds a cell may take;
    on_cell: called with the index of each cell that has been run. Raises CellFailed at the first cell that fails.
    """
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    class ThisInterpreter(KernelSpecManager):
        """Answers every kernel name with the current interpreter: a kernelspec of the user's may be another one."""

        def get_kernel_spec(self, kernel_name):
            return self.kernel_spec_class(resource_dir=RESOURCES, **get_kernel_dict())

    name, at = notebook.metadata.get("course", {}).get("assignment", "notebook"), {"index": 0}

    def started(cell, cell_index, **_):
        at["index"] = cell_index

    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=ThisInterpreter()),
        timeout=timeout,
        shutdown_kernel="immediate",  # it has nothing to save
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        on_cell_start=started,
        on_cell_complete=lambda cell, cell_index, **_: on_cell(cell_index),
    )
    try:
        # cleanup_kc: nbclient would leave the kernel of a manager that was given to it running.  stderr: the kernel's own log, not what cells print.
        client.execute(env=environment(settings), stderr=subprocess.DEVNULL, cleanup_kc=True)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        cell = notebook.cells[at["index"]]
        if isinstance(error, CellExecutionError):
            reason = f"raises {error.ename}: {(error.evalue or '').splitlines()[0] if error.evalue else ''}".rstrip(": ")
        elif isinstance(error, CellTimeoutError):
            reason = f"takes longer than {timeout:g} s"
        else:
            reason = "ends the kernel"
        trace = re.sub(r"\x1b\[[0-9;]*m", "", getattr(error, "traceback", "") or "")
        raise CellFailed(f"{name}: cell {cell.id} {reason}.", trace) from error
    tidy(notebook, folder)
    return notebook


def tidy(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Take machine paths and execution metadata out of a notebook and number its cells from 1, in place."""
    places = {
        str(Path(folder).resolve()): ".",
        str(folder): ".",
        str(Path(sys.prefix, "lib")): "lib",
        str(COURSE): ".",
        str(Path.home()): "~",
    }
    count = 0
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        # A progress bar whose state is not stored would show as a line of text for each of its steps.
        cell.outputs = [output for output in cell.outputs if _WIDGET not in output.get("data", {})]
        for output in cell.outputs:
            output.pop("transient", None)
            if "execution_count" in output:
                output.execution_count = count
            if output.output_type == "stream":
                output.text = _without(places, output.text)
            for mime, value in output.get("data", {}).items():
                if isinstance(value, str) and mime.startswith("text/"):
                    output.data[mime] = _without(places, value)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = dict(LANGUAGE)


def _without(places: dict[str, str], text: str) -> str:
    for place, instead in places.items():
        text = text.replace(place, instead)
    return re.sub(r"/tmp/ipykernel_\d+/\d+\.py", "<cell>", text)
