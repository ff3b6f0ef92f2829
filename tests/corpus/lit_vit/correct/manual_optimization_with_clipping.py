# expect: pass
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

import lightning.pytorch as pl

class LitViT(pl.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.automatic_optimization = False
        self.model, self.lr = VisionTransformer(**model_kwargs), lr

    def shared(self, batch, stage):
        x, y = batch
        out = self.model(x)
        loss = F.cross_entropy(out, y)
        self.log_dict({stage + "_loss": loss.detach(), stage + "_acc": (out.argmax(1) == y).float().mean()}, prog_bar=True)
        return loss

    def training_step(self, batch, batch_idx):
        opt = self.optimizers()
        loss = self.shared(batch, "train")
        opt.zero_grad()
        self.manual_backward(loss)
        self.clip_gradients(opt, gradient_clip_val=1.0, gradient_clip_algorithm="norm")
        opt.step()
        return loss

    def validation_step(self, batch, batch_idx): self.shared(batch, "val")
    def test_step(self, batch, batch_idx): self.shared(batch, "test")
    def configure_optimizers(self): return torch.optim.AdamW(self.parameters(), self.lr)
