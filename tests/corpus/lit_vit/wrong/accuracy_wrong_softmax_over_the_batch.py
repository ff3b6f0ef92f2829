# expect: fail codes=accuracy_wrong
import torch
from torch import nn
import torch.nn.functional as F

class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.proj = nn.Conv2d(num_channels, embed_dim, patch_size, patch_size)
        self.cls = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim) * 0.02)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, F.gelu, batch_first=True, norm_first=True)
                                      for _ in range(num_layers)])
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = self.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1)
        x = self.drop(x + self.pos[:, :x.shape[1]])
        return self.head(self.norm(self.blocks(x)[:, 0]))

import lightning as L
import torchmetrics

class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.model = VisionTransformer(**model_kwargs)
        self.num_classes = model_kwargs["num_classes"]
        self.extra_init()

    def extra_init(self):
        pass

    def forward(self, x):
        return self.model(x)

    def _step(self, batch, stage):
        imgs, labels = batch
        logits = self(imgs)
        loss = F.cross_entropy(logits, labels)
        acc = (logits.softmax(dim=0).argmax(dim=-1) == labels).float().mean()
        self.log(f"{stage}_loss", loss)
        self.log(f"{stage}_acc", acc)
        return loss

    def training_step(self, batch, batch_idx):
        return self._step(batch, "train")

    def validation_step(self, batch, batch_idx):
        self._step(batch, "val")

    def test_step(self, batch, batch_idx):
        self._step(batch, "test")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)
