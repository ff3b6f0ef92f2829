"""A student's folder for the tests of the hand-in."""

import base64
import io
import json

import nbformat
import torch

from helpers import handin_notebooks

BODIES = {
    "img_to_patch": "def img_to_patch(x, patch_size, flatten_channels=True):\n    return x",
    "attention_block": "class AttentionBlock:\n    pass",
    "vision_transformer": "class VisionTransformer:\n    pass",
    "lit_vit": "class LitViT:\n    pass",
}


def png(colour="red", size=(40, 30)):
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGBA", size, colour).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def marked(grade_id, solution=False, points=None):
    mark = {"grade": not solution, "grade_id": grade_id, "locked": not solution, "schema_version": 3, "solution": solution, "task": False}
    return {"nbgrader": {**mark, **({"points": points} if points is not None else {})}}


def notebook(stem):
    """A completed notebook of the course as JupyterLab saves it."""
    cells = [nbformat.v4.new_markdown_cell(f"# {stem}\n\nText with `code`.")]
    for test, points in handin_notebooks.TESTS[stem].items():
        if test in BODIES:
            cells.append(nbformat.v4.new_code_cell(BODIES[test], metadata=marked(f"{test}_solution", solution=True), execution_count=1))
        picture = nbformat.v4.new_output("display_data", {"image/png": png(), "text/plain": "<Figure>"})
        cells.append(nbformat.v4.new_code_cell(f"report = checks.{test}({test})\n{points} * report.score", metadata=marked(test, points=points), outputs=[picture], execution_count=2))
    for number, cell in enumerate(cells):
        cell["id"] = f"{stem}-{number}"
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def checkpoint(path, epoch):
    """A checkpoint as Lightning writes it, with optimizer state."""
    weights = {"model.weight": torch.arange(20_000.0).reshape(100, 200) + epoch}
    state = {"state_dict": weights, "epoch": epoch, "global_step": epoch * 10, "hyper_parameters": {"model_kwargs": {"embed_dim": 8}, "lr": 1e-3},
             "pytorch-lightning_version": "2.6.6", "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(100, 200)}}}], "callbacks": {"x": 1}, "loops": {}}  # fmt: skip
    torch.save(state, path)


def edit(folder, stem, change):
    path = folder / f"{stem}.ipynb"
    node = json.loads(path.read_text())
    change(node["cells"])
    path.write_text(json.dumps(node))
