# expect: fail codes=loss_detached
# Mistake: the loss is detached before it is returned.
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning.pytorch as pl
from torchmetrics.classification import MulticlassAccuracy


class VisionTransformer(nn.Module):
    """ViT from the layers that PyTorch ships; the encoder's norm= is the final LayerNorm."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes,
                 patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.embed = nn.Conv2d(num_channels, embed_dim, patch_size, stride=patch_size)
        self.cls = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim) * .02)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            d_model=embed_dim,
            nhead=num_heads,
            dim_feedforward=hidden_dim,
            dropout=dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=num_layers, norm=nn.LayerNorm(embed_dim),
                                             enable_nested_tensor=False)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        feats = self.embed(x)
        tokens = feats.flatten(start_dim=2).permute(0, 2, 1)
        cls = self.cls.expand(tokens.shape[0], 1, tokens.shape[2])
        tokens = torch.cat([cls, tokens], dim=1)
        tokens = self.dropout(tokens + self.pos[:, : tokens.shape[1]])
        out = self.encoder(tokens)
        return self.head(out[:, 0])


class LitViT(pl.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.lr = lr
        self.model = VisionTransformer(**model_kwargs)
        self.loss_fn = nn.CrossEntropyLoss()
        k = model_kwargs["num_classes"]
        self.train_acc = MulticlassAccuracy(num_classes=k, average="micro")
        self.val_acc = MulticlassAccuracy(num_classes=k, average="micro")
        self.test_acc = MulticlassAccuracy(num_classes=k, average="micro")

    def training_step(self, batch, batch_idx):
        x, y = batch
        logits = self.model(x)
        loss = self.loss_fn(logits, y).detach()
        self.train_acc(logits, y)
        self.log("train_loss", loss)
        self.log("train_acc", self.train_acc, on_step=True, on_epoch=False)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self.model(x)
        self.val_acc(logits, y)
        self.log("val_loss", self.loss_fn(logits, y))
        self.log("val_acc", self.val_acc, prog_bar=True)

    def test_step(self, batch, batch_idx):
        x, y = batch
        logits = self.model(x)
        self.test_acc(logits, y)
        self.log("test_loss", self.loss_fn(logits, y))
        self.log("test_acc", self.test_acc)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=0.05)
