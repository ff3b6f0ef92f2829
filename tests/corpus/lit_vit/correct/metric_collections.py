# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L
from torchmetrics import Accuracy, MetricCollection


class Head(nn.Module):
    def __init__(self, dim, size):
        super().__init__()
        self.key = nn.Linear(dim, size)
        self.query = nn.Linear(dim, size)
        self.value = nn.Linear(dim, size)

    def forward(self, x):
        k, q, v = self.key(x), self.query(x), self.value(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = torch.softmax(wei, dim=-1)
        return wei @ v


class MultiHead(nn.Module):
    def __init__(self, dim, n_head):
        super().__init__()
        self.heads = nn.ModuleList([Head(dim, dim // n_head) for _ in range(n_head)])
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        return self.proj(torch.cat([h(x) for h in self.heads], dim=-1))


class Block(nn.Module):
    def __init__(self, dim, hidden, n_head, dropout):
        super().__init__()
        self.sa = MultiHead(dim, n_head)
        self.ffwd = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))
        self.ln1 = nn.LayerNorm(dim)
        self.ln2 = nn.LayerNorm(dim)

    def forward(self, x):
        x = x + self.sa(self.ln1(x))
        x = x + self.ffwd(self.ln2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.size = patch_size
        self.tok = nn.Linear(num_channels * patch_size * patch_size, embed_dim, bias=False)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.table = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim))
        self.do = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[Block(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.ln_f = nn.LayerNorm(embed_dim)
        self.lm_head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        rows = x.split(self.size, dim=2)
        patches = [patch for row in rows for patch in row.split(self.size, dim=3)]
        x = torch.stack(patches, dim=1)                 # B N C p p
        x = self.tok(torch.flatten(x, 2))
        x = torch.cat((self.cls.repeat_interleave(x.shape[0], 0), x), dim=1)
        x = self.do(x + self.table[:, : x.shape[1]])
        x = self.blocks(x)
        return self.lm_head(self.ln_f(x)[:, 0])


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.model = VisionTransformer(**model_kwargs)
        base = MetricCollection({"acc": Accuracy(task="multiclass", num_classes=model_kwargs["num_classes"])})
        self.train_metrics = base.clone(prefix="train_")
        self.val_metrics = base.clone(prefix="val_")
        self.test_metrics = base.clone(prefix="test_")

    def forward(self, x):
        return self.model(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        loss = F.cross_entropy(logits, y)
        self.log("train_loss", loss)
        self.log_dict(self.train_metrics(logits, y))
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        self.val_metrics.update(logits, y)
        self.log("val_loss", F.cross_entropy(logits, y))

    def on_validation_epoch_end(self):
        self.log_dict(self.val_metrics.compute())
        self.val_metrics.reset()

    def test_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        self.test_metrics.update(logits, y)
        self.log_dict(self.test_metrics)
        self.log("test_loss", F.cross_entropy(logits, y))

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.model.parameters(), lr=self.hparams.lr)
        return {"optimizer": opt, "lr_scheduler": {"scheduler": torch.optim.lr_scheduler.ExponentialLR(opt, 0.9), "interval": "epoch"}}
