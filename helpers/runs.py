"""What a training run leaves on disk: checkpoints, the curves in metrics.csv, and TensorBoard logs."""

import contextlib
import csv
import io
import os
import warnings
from pathlib import Path

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from helpers.files import write_whole


def callbacks(folder: str | os.PathLike, epochs: int) -> list[Callback]:
    """Callbacks of a run of `epochs` epochs that writes into `folder`.

    folder/checkpoints/ gets first.ckpt (after the first epoch), middle.ckpt (half-way, at least the second epoch),
    best.ckpt (highest val_acc) and last.ckpt (for `trainer.fit(..., ckpt_path=...)`: resume);
    folder/metrics.csv gets one row an epoch. The learning rate is logged too.
    """
    checkpoints = Path(folder) / "checkpoints"
    best = ModelCheckpoint(dirpath=checkpoints, filename="best", monitor="val_acc", mode="max", enable_version_counter=False)
    last = ModelCheckpoint(dirpath=checkpoints, filename="last", monitor=None, save_on_train_epoch_end=True, enable_version_counter=False)
    return [best, Snapshots(checkpoints, epochs), Curves(folder), LearningRateMonitor(logging_interval="step"), last]


def loggers(folder: str | os.PathLike) -> list[Logger]:
    """Loggers of a run: TensorBoard under folder/tensorboard, with the computation graph.

    The graph needs `example_input_array` in the module. The curves are in folder/metrics.csv (see `callbacks`).
    """
    return [GraphLogger(folder, name="tensorboard", log_graph=True)]


def history(folder: str | os.PathLike):
    """Return folder/metrics.csv as a pandas DataFrame: one row an epoch with epoch, step, lr, train_*, val_*."""
    import pandas

    path = Path(folder) / "metrics.csv"
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}: train first.")
    return pandas.read_csv(path)


class GraphLogger(TensorBoardLogger):
    """TensorBoard, with a graph that never ends the training: one that cannot be traced is named and left out."""

    def log_graph(self, model: L.LightningModule, input_array: torch.Tensor | None = None) -> None:
        fast = torch.backends.mha.get_fastpath_enabled()
        # The fast path of nn.MultiheadAttention takes other operators on the second tracing, which the tracer refuses.
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")  # of the tracer, about shapes that it takes for constants
                super().log_graph(model, input_array)
        except Exception as error:
            print(f"TensorBoard gets no computation graph of this model ({type(error).__name__}); training goes on.")
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)


class Snapshots(Callback):
    """Keep the weights of two fixed epochs, as evidence that the curves rose."""

    def __init__(self, folder: Path, epochs: int) -> None:
        self.folder = folder
        self.at = {0: ["first"]}
        self.at.setdefault(min(epochs - 1, epochs // 2), []).append("middle")

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        for name in self.at.get(trainer.current_epoch, ()):
            trainer.save_checkpoint(self.folder / f"{name}.ckpt")


class Curves(Callback):
    """Write one row of metrics an epoch to metrics.csv; a resumed run goes on below the rows it had."""

    def __init__(self, folder: str | os.PathLike) -> None:
        self.path = Path(folder) / "metrics.csv"

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        row = {"epoch": trainer.current_epoch, "step": trainer.global_step, "lr": trainer.optimizers[0].param_groups[0]["lr"]}
        for name in ("train_loss", "train_acc", "val_loss", "val_acc"):
            if name in trainer.callback_metrics:
                row[name] = float(trainer.callback_metrics[name])
        write_whole(self.path, table([*self._earlier(trainer.current_epoch), row]))

    def _earlier(self, epoch: int) -> list[dict]:
        if epoch == 0 or not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if int(row["epoch"]) < epoch]


def table(rows: list[dict]) -> str:
    """Rows as CSV text; columns in order of first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
