# expect: fail codes=unknown
# Mistake: the model is put into eval mode when it is built, and nobody puts it back.
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning.pytorch as pl


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        B, T, D = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]                       # (B, H, T, d)
        scores = q @ k.transpose(-2, -1) / math.sqrt(D // self.heads)
        mixed = scores.softmax(dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(B, T, D))


class MLP(nn.Module):
    def __init__(self, dim, hidden, p):
        super().__init__()
        self.l1, self.l2, self.p = nn.Linear(dim, hidden), nn.Linear(hidden, dim), p

    def forward(self, x):
        x = F.dropout(F.gelu(self.l1(x)), self.p, self.training)
        return F.dropout(self.l2(x), self.p, self.training)


class EncoderLayer(nn.Module):
    def __init__(self, dim, hidden, heads, p):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attention = SelfAttention(dim, heads)
        self.mlp = MLP(dim, hidden, p)

    def forward(self, x):
        x = x + self.attention(self.n1(x))
        x = x + self.mlp(self.n2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.proj = nn.Linear(num_channels * patch_size ** 2, embed_dim)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim) * 0.02)
        self.pos = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim) * 0.02)
        self.layers = nn.Sequential(*[EncoderLayer(embed_dim, hidden_dim, num_heads, dropout) for i in range(num_layers)])
        self.final_norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.fc = nn.Linear(embed_dim, num_classes)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x):
        B, C, H, W = x.shape
        p = self.patch_size
        gh, gw = H // p, W // p
        x = x.reshape(B, C, gh, p, gw, p).permute(0, 2, 4, 1, 3, 5).reshape(B, gh * gw, C * p * p)
        x = self.proj(x)
        x = torch.cat([self.cls.repeat(B, 1, 1), x], dim=1)
        T = x.size(1)
        x = self.dropout(x + self.pos[:, :T, :])
        x = self.layers(x)
        x = self.final_norm(x[:, 0, :])
        return self.fc(x)


class LitViT(pl.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters("lr", "model_kwargs")
        self.model = VisionTransformer(**model_kwargs)
        self.model.eval()
        self.criterion = torch.nn.CrossEntropyLoss()

    def training_step(self, batch, batch_idx):
        x, y = batch
        y_hat = self.model(x)
        loss = self.criterion(y_hat, y)
        preds = y_hat.max(dim=1).indices
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        self.log("train_acc", torch.sum(preds == y) / len(y), on_step=True, on_epoch=True)
        return {"loss": loss, "preds": preds}

    def validation_step(self, batch, batch_idx):
        x, y = batch
        y_hat = self.model(x)
        preds = y_hat.max(dim=1).indices
        self.log("val_loss", self.criterion(y_hat, y))
        self.log("val_acc", torch.sum(preds == y) / len(y))
        return {"preds": preds}

    def test_step(self, batch, batch_idx):
        x, y = batch
        y_hat = self.model(x)
        preds = y_hat.max(dim=1).indices
        self.log("test_loss", self.criterion(y_hat, y))
        self.log("test_acc", torch.sum(preds == y) / len(y))

    def configure_optimizers(self):
        return {"optimizer": torch.optim.AdamW(self.model.parameters(), self.hparams.lr)}
