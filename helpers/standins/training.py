"""The stand-in of `lit_vit`, apart from the others: Lightning is imported only where somebody trains."""

from __future__ import annotations

import torch
from lightning.pytorch import LightningModule
from torch.nn import functional as F

from . import VisionTransformer, use


class LitViT(LightningModule):
    """Training of a VisionTransformer by AdamW on the mean cross-entropy of its logits."""

    def __init__(self, model_kwargs: dict, lr: float):
        super().__init__()
        use("lit_vit")
        self.save_hyperparameters()
        self.model = VisionTransformer(**model_kwargs)

    def _step(self, batch, stage: str) -> torch.Tensor:
        use("lit_vit")
        x, y = batch
        logits = self.model(x)
        loss = F.cross_entropy(logits, y)
        values = {f"{stage}_loss": loss, f"{stage}_acc": (logits.argmax(dim=1) == y).float().mean()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(y))
        return loss

    def training_step(self, batch, batch_idx):
        return self._step(batch, "train")

    def validation_step(self, batch, batch_idx):
        self._step(batch, "val")

    def test_step(self, batch, batch_idx):
        self._step(batch, "test")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)
