# expect: fail codes=metric_names_missing
# Mistake: logs train/loss and so on.
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L


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


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.model = VisionTransformer(**model_kwargs)

    def forward(self, x):
        return self.model(x)

    def _shared_step(self, batch, stage):
        x, y = batch
        logits = self(x)
        loss = F.cross_entropy(logits, y)
        acc = (logits.argmax(dim=-1) == y).float().mean()
        self.log(f"{stage}/loss", loss, prog_bar=True)
        self.log(f"{stage}/acc", acc, prog_bar=True)
        return loss

    def training_step(self, batch, batch_idx):
        return self._shared_step(batch, "train")

    def validation_step(self, batch, batch_idx):
        self._shared_step(batch, "val")

    def test_step(self, batch, batch_idx):
        self._shared_step(batch, "test")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)
