# expect: fail codes=accuracy_wrong
# Mistake: accuracy in percent.
import torch
from torch import nn
import torch.nn.functional as F
import lightning as L
from torch.optim.lr_scheduler import CosineAnnealingLR


class ScaledBlock(nn.Module):
    """Pre-LN block whose branches start at zero."""

    def __init__(self, dim, hidden, heads, dropout):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))
        self.scale_attn = nn.Parameter(torch.zeros(dim))
        self.scale_mlp = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        h = self.norm1(x)
        h = self.attn(h, h, h, need_weights=False)[0]
        x = x + self.scale_attn * h
        return x + self.scale_mlp * self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.linear = nn.Linear(num_channels * patch_size * patch_size, embed_dim)
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.position = nn.Parameter(torch.zeros(1, 1 + num_patches, embed_dim))
        self.body = nn.Sequential(*[ScaledBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        p = self.patch_size
        # (B, C, H, W) -> (B, C, H/p, W/p, p, p)
        patches = x.unfold(2, p, p).unfold(3, p, p)
        patches = patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
        tokens = self.linear(patches)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = tokens + self.position[:, :tokens.shape[1]]
        tokens = self.dropout(tokens)
        return self.head(self.norm(self.body(tokens)[:, 0]))


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs: dict, lr: float):
        super().__init__()
        self.model = VisionTransformer(**model_kwargs)
        self.lr = lr

    def metrics(self, batch, prefix):
        x, y = batch
        out = self.model(x)
        loss = F.cross_entropy(out, y)
        accuracy = 100 * out.argmax(-1).eq(y).float().mean()
        self.log_dict({f"{prefix}_loss": loss, f"{prefix}_acc": accuracy}, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def training_step(self, batch, batch_idx):
        return self.metrics(batch, "train")

    def validation_step(self, batch, batch_idx):
        return self.metrics(batch, "val")

    def test_step(self, batch, batch_idx):
        return self.metrics(batch, "test")

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=1e-2)
        sched = CosineAnnealingLR(opt, T_max=self.trainer.max_epochs)
        return [opt], [sched]
