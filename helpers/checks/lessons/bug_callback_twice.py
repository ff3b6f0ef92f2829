"""Inputs of `bug_callback_twice`, `fit_with_history(module, loader, epochs)` -> training loss of each epoch."""

from __future__ import annotations

import logging

import torch

from ..run import generator
from .results import cases, gather, record

EXERCISE = "bug_callback_twice"


def inputs(seed: int) -> dict:
    """Loss that the module logs in each step, [epochs, steps]."""
    g = generator(seed, EXERCISE)
    return gather(two={"losses": torch.rand(2, 3, generator=g) + 0.5}, four={"losses": torch.rand(4, 2, generator=g) + 0.5})


def probe(fn, given: dict) -> dict:
    """Let the student's function train a module that logs known losses; what it returns."""
    from lightning.pytorch import LightningModule

    class Known(LightningModule):
        """Logs losses that are known beforehand, as `train_loss`."""

        def __init__(self, losses: torch.Tensor):
            super().__init__()
            self.losses = losses.flatten().tolist()
            self.weight = torch.nn.Parameter(torch.ones(1))
            self.steps = 0

        def training_step(self, batch, batch_idx):
            loss = self.weight.sum() * 0 + self.losses[min(self.steps, len(self.losses) - 1)]
            self.steps += 1
            self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=1)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.0)

    seen: dict[str, object] = {}
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        for case in cases(given):
            losses = given[f"{case}.losses"]
            loader = torch.utils.data.DataLoader(torch.zeros(losses.shape[1], 1), batch_size=1)
            module = Known(losses)
            record(seen, case, lambda: fn(module, loader, len(losses)))
            seen[f"{case}.steps"] = module.steps
            if seen[f"{case}.type"] in ("list", "tuple") and case not in seen:
                seen[case] = torch.zeros(0, dtype=torch.float64)
    finally:
        logger.setLevel(level)
    return seen
