"""What the check of `LitViT` trains with: a small model's sizes, ready batches, and a Trainer that keeps quiet and never raises."""

from __future__ import annotations

import contextlib
import logging
import warnings

from .run import describe

CLASSES = 5
MODEL = {"embed_dim": 16, "hidden_dim": 24, "num_channels": 1, "num_heads": 2, "num_layers": 1,
         "num_classes": CLASSES, "patch_size": 4, "num_patches": 4, "dropout": 0.0}


class Batches:
    """A few ready batches as a data loader (Lightning takes a list for several loaders); `epochs`: those of each epoch that `trainer` is in."""

    def __init__(self, *epochs, trainer=None):
        self.epochs, self.trainer = epochs, trainer

    def __len__(self) -> int:
        return len(self.epochs[0])

    def __iter__(self):
        now = 0 if self.trainer is None else min(self.trainer.current_epoch, len(self.epochs) - 1)
        return iter([x.clone(), y.clone()] for x, y in self.epochs[now])


@contextlib.contextmanager
def quiet():
    """No word from Lightning or about warnings."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "pytorch_lightning", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


def trainer_for(module, **options):
    """A Trainer of the package that the student's class comes from."""
    if any(base.__module__.startswith("pytorch_lightning") for base in type(module).__mro__):
        import pytorch_lightning as package
    else:
        import lightning.pytorch as package
    defaults = {"accelerator": "cpu", "devices": 1, "max_epochs": 1, "logger": False, "enable_checkpointing": False,
                "enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0}
    return package.Trainer(**(defaults | options)), package.Callback


def tried(run) -> str:
    """Like attempt, for a Trainer: it turns KeyboardInterrupt into SystemExit."""
    try:
        run()
        return ""
    except Exception as error:  # noqa: BLE001
        return describe(error)
    except SystemExit as error:
        return describe(error)
