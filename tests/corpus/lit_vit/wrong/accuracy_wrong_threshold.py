# expect: fail codes=accuracy_wrong
# Mistake: compares thresholded logits with one-hot labels.
import torch
import torch.nn as nn
from torch.nn import functional as F
import lightning as L


class Block(nn.Module):
    def __init__(self, D, hidden, H, p):
        super().__init__()
        self.H = H
        self.ln_attn = nn.LayerNorm(D)
        self.qkv = nn.Linear(D, 3 * D)
        self.o = nn.Linear(D, D)
        self.ln_mlp = nn.LayerNorm(D)
        self.mlp = nn.Sequential(nn.Linear(D, hidden), nn.GELU(), nn.Dropout(p), nn.Linear(hidden, D), nn.Dropout(p))

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(self.ln_attn(x)).view(B, T, 3, self.H, -1).unbind(2)
        y = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        x = x + self.o(y.transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.ln_mlp(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.conv = nn.Conv2d(num_channels, embed_dim, patch_size, patch_size)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim))
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential()
        for i in range(num_layers):
            self.blocks.add_module(f"block_{i}", Block(embed_dim, hidden_dim, num_heads, dropout))
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        patches = self.conv(x).flatten(2).transpose(1, 2)
        n = patches.shape[1]
        # row 0 of the table belongs to the class token, rows 1..n to the patches
        patches = patches + self.pos[:, 1:n + 1]
        cls = (self.cls + self.pos[:, :1]).expand(x.shape[0], -1, -1)
        tokens = self.drop(torch.cat([cls, patches], dim=1))
        tokens = self.blocks(tokens)
        return self.head(self.norm(tokens[:, 0]))


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.num_classes = model_kwargs["num_classes"]
        self.model = VisionTransformer(**model_kwargs)
        self.lr = lr

    def forward(self, x):
        return self.model(x)

    def on_batch(self, batch, phase):
        x, y = batch
        logits = self(x)
        target = F.one_hot(y, self.num_classes).to(logits.dtype)
        loss = F.cross_entropy(logits, target)
        self.log(f"{phase}_loss", loss)
        self.log(f"{phase}_acc", ((logits > 0.5) == (target > 0.5)).float().mean())
        return loss

    def training_step(self, batch, batch_idx):
        return self.on_batch(batch, "train")

    def validation_step(self, batch, batch_idx):
        self.on_batch(batch, "val")

    def test_step(self, batch, batch_idx):
        self.on_batch(batch, "test")

    def configure_optimizers(self):
        return torch.optim.AdamW(list(self.model.parameters()), lr=self.lr)
