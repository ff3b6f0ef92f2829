"""A complete hand-in."""

import nbformat
import pytest

from helpers import handin_files, handin_notebooks
from tests.submission import BODIES, checkpoint, notebook


@pytest.fixture
def complete(tmp_path, monkeypatch):
    """A student's folder with nothing missing."""
    monkeypatch.chdir(tmp_path)
    for stem in handin_notebooks.TESTS:
        (tmp_path / f"{stem}.ipynb").write_text(nbformat.writes(notebook(stem)), encoding="utf-8")
    for folder in ("carry", "checkpoints"):
        (tmp_path / folder).mkdir()
    for exercise, body in BODIES.items():
        (tmp_path / "carry" / f"{exercise}.py").write_text(body + "\n")
    for epoch, which in enumerate(handin_files.CHECKPOINTS):
        checkpoint(tmp_path / "checkpoints" / f"{which}.ckpt", epoch)
    (tmp_path / "metrics.csv").write_text("epoch,step,train_loss,train_acc,val_loss,val_acc\n0,10,2.0,0.3,1.9,0.4\n1,20,1.0,0.6,0.9,0.7\n")
    return tmp_path
