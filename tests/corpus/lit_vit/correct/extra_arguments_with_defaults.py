# expect: pass
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L


def clones(module, n):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(n)])


class Residual(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fn = fn

    def forward(self, x):
        return x + self.fn(self.norm(x))


class MHSA(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.mha = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        return self.mha(x, x, x)[0]


def make_block(dim, hidden, heads, dropout):
    mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))
    return nn.Sequential(Residual(dim, MHSA(dim, heads)), Residual(dim, mlp))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(num_channels, embed_dim, patch_size, patch_size), nn.Flatten(2))
        self.cls = nn.Parameter(torch.ones(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.zeros(1, num_patches + 1, embed_dim).uniform_(-0.1, 0.1))
        self.drop = nn.Dropout(dropout)
        self.layers = clones(make_block(embed_dim, hidden_dim, num_heads, dropout), num_layers)
        self.head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))

    def forward(self, x):
        x = self.stem(x).transpose(-1, -2)
        b, n, d = x.shape
        cls = torch.broadcast_to(self.cls, (b, 1, d))
        x = torch.cat([cls, x], dim=-2)
        x = self.drop(x + self.pos[:, : n + 1])
        for layer in self.layers:
            x = layer(x)
        return self.head(x[:, 0])


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr=1e-3, weight_decay=0.05, warmup=2):
        super().__init__()
        self.save_hyperparameters()
        torch.manual_seed(0)
        self.model = VisionTransformer(**model_kwargs)
        for p in self.model.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, x):
        return self.model(x)

    def training_step(self, batch, batch_idx):
        loss = self.log_all(batch, "train")
        self.log("lr", self.optimizers().param_groups[0]["lr"])
        return loss

    def validation_step(self, batch, batch_idx):
        self.log_all(batch, "val")

    def test_step(self, batch, batch_idx):
        self.log_all(batch, "test")

    def log_all(self, batch, stage):
        x, y = batch
        logits = self(x)
        loss = F.cross_entropy(logits, y, reduction="sum") / y.size(0)
        _, guess = torch.max(logits, 1)
        self.log(f"{stage}_loss", loss)
        self.log(f"{stage}_acc", (guess == y).sum() / y.size(0))
        return loss

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr, weight_decay=self.hparams.weight_decay)
        warm = torch.optim.lr_scheduler.LinearLR(opt, start_factor=0.1, total_iters=self.hparams.warmup)
        return [opt], [{"scheduler": warm, "interval": "step", "name": "warm-up"}]
