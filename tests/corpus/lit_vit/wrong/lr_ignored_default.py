# expect: fail codes=lr_ignored
# Mistake: AdamW is left at its default lr.
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L


class FeedForward(nn.Module):
    def __init__(self, dim, hidden, dropout):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))

    def forward(self, x):
        return self.net(x)


class TBlock(nn.Module):
    def __init__(self, dim, hidden, heads, dropout):
        super().__init__()
        self.ln_before_attention = nn.LayerNorm(dim)
        self.ln_before_mlp = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(embed_dim=dim, num_heads=heads, batch_first=True)
        self.mlp = FeedForward(dim, hidden, dropout)

    def forward(self, x):
        residual = x
        x = self.ln_before_attention(x)
        x, _ = self.attention(x, x, x)
        x = x + residual
        residual = x
        x = self.mlp(self.ln_before_mlp(x))
        return x + residual


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.patch_linear = nn.Linear(num_channels * patch_size * patch_size, embed_dim)
        self.learnable_cls = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.learnable_pos = nn.Parameter(torch.zeros(1, num_patches + 1, embed_dim))
        self.dropout = nn.Dropout(dropout)
        blocks = []
        for layer in range(num_layers):
            blocks.append(TBlock(embed_dim, hidden_dim, num_heads, dropout))
        self.blocks = nn.ModuleList(blocks)
        self.final_ln = nn.LayerNorm(embed_dim)
        self.final_linear = nn.Linear(embed_dim, num_classes)

    def cut(self, img):
        p = self.patch_size
        out = []
        for top in range(0, img.shape[2], p):
            for left in range(0, img.shape[3], p):
                out.append(img[:, :, top:top + p, left:left + p].flatten(1))
        return torch.stack(out, dim=1)

    def forward(self, x):
        batch = x.shape[0]
        tokens = self.patch_linear(self.cut(x))
        cls = self.learnable_cls.expand(batch, 1, -1)
        tokens = torch.cat([cls, tokens], dim=1)
        num_tokens = tokens.shape[1]
        tokens = tokens + self.learnable_pos[:, :num_tokens, :]
        tokens = self.dropout(tokens)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.final_ln(tokens)
        cls_out = tokens[:, 0, :]
        return self.final_linear(cls_out)


class Classifier(L.LightningModule):
    """Training code for any model that gives logits."""

    def evaluate(self, batch):
        x, y = batch
        logits = self.model(x)
        return F.cross_entropy(logits, y), (logits.softmax(-1).argmax(-1) == y).float().mean()

    def training_step(self, batch, batch_idx):
        loss, acc = self.evaluate(batch)
        self.log("train_loss", loss)
        self.log("train_acc", acc)
        return loss

    def validation_step(self, batch, batch_idx):
        loss, acc = self.evaluate(batch)
        self.log("val_loss", loss)
        self.log("val_acc", acc)

    def test_step(self, batch, batch_idx):
        loss, acc = self.evaluate(batch)
        self.log("test_loss", loss)
        self.log("test_acc", acc)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters())


class LitViT(Classifier):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.lr = lr
        self.model = VisionTransformer(**model_kwargs)
