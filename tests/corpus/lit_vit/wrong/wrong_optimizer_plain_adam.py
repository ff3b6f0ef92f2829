# expect: fail codes=wrong_optimizer
# Mistake: Adam without any weight decay.
import functools
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L


class Base(nn.Module):
    """Everything that is not special about images."""

    def __init__(self, dim, hidden, heads, depth, dropout):
        super().__init__()
        self.trunk = nn.ModuleList([self.make(dim, hidden, heads, dropout) for _ in range(depth)])

    def make(self, dim, hidden, heads, dropout):
        return nn.ModuleDict(dict(
            n1=nn.LayerNorm(dim), att=nn.MultiheadAttention(dim, heads, batch_first=True),
            n2=nn.LayerNorm(dim), up=nn.Linear(dim, hidden), down=nn.Linear(hidden, dim), drop=nn.Dropout(dropout),
        ))

    @staticmethod
    def step(x, m):
        h = m["n1"](x)
        x = x + m["att"](h, h, h)[0]
        h = m["drop"](F.gelu(m["up"](m["n2"](x))))
        return x + m["drop"](m["down"](h))

    def run(self, x):
        return functools.reduce(self.step, self.trunk, x)


class VisionTransformer(Base):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__(embed_dim, hidden_dim, num_heads, num_layers, dropout)
        self.emb = nn.Conv2d(num_channels, embed_dim, patch_size, patch_size)
        self.cls = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))
        self.pos = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.do = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(embed_dim)
        self.fc = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = self.emb(x)
        x = x.movedim(1, -1).flatten(1, 2)
        x = torch.hstack([self.cls.tile(x.shape[0], 1, 1), x])
        x = torch.add(x, self.pos[:, torch.arange(x.shape[1])])
        x = self.run(self.do(x))
        x = self.ln(x)
        x = torch.index_select(x, 1, torch.tensor([0], device=x.device)).squeeze(1)
        return self.fc(x)


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.model = VisionTransformer(**model_kwargs)
        self.base_lr = lr

    def _do(self, batch, stage, **kw):
        loss = F.cross_entropy(logits := self.model(batch[0]), batch[1], reduction="none")
        self.log(stage + "_loss", loss.mean(), **kw)
        self.log(stage + "_acc", logits.argmax(-1).eq(batch[1]).float().mean(), **kw)
        return loss.mean()

    def training_step(self, batch, batch_idx):
        return self._do(batch, "train", on_step=True, on_epoch=True)

    def validation_step(self, batch, batch_idx):
        self._do(batch, "val")

    def test_step(self, batch, batch_idx):
        self._do(batch, "test")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.base_lr)
