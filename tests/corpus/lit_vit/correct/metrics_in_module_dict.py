# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L
import torchmetrics


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0, **kwargs):
        super().__init__()
        self.patchify = nn.Conv2d(num_channels, embed_dim, kernel_size=patch_size, stride=patch_size)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim))
        self.dropout = nn.Dropout(dropout)
        encoder_layer = nn.TransformerEncoderLayer(d_model=embed_dim, nhead=num_heads, dim_feedforward=hidden_dim,
                                                   dropout=dropout, activation="gelu", norm_first=True)
        self.encoder = nn.TransformerEncoder(encoder_layer, num_layers)
        self.layer_norm = nn.LayerNorm(embed_dim)
        self.linear = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = self.patchify(x)                   # B D gh gw
        x = x.flatten(2).permute(2, 0, 1)      # N B D, the encoder is not batch_first
        cls = self.cls.expand(1, x.shape[1], -1)
        x = torch.cat([cls, x], dim=0)
        pos = self.pos[:, :x.shape[0]].transpose(0, 1)
        x = self.dropout(x + pos)
        x = self.encoder(x)
        return self.linear(self.layer_norm(x[0]))


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.lr = lr
        self.model = VisionTransformer(**model_kwargs)
        make = lambda: torchmetrics.Accuracy(task="multiclass", num_classes=model_kwargs["num_classes"])
        self.accs = nn.ModuleDict({"train_": make(), "val_": make(), "test_": make()})

    def forward(self, x):
        return self.model(x)

    def any_step(self, batch, stage):
        img, label = batch
        logits = self(img)
        loss = F.cross_entropy(logits, label)
        metric = self.accs[stage + "_"]
        metric.update(logits.argmax(dim=1), label)
        self.log(f"{stage}_loss", loss, on_step=False, on_epoch=True)
        self.log(f"{stage}_acc", metric, on_step=False, on_epoch=True)
        return loss

    def training_step(self, batch, batch_idx):
        return self.any_step(batch, "train")

    def validation_step(self, batch, batch_idx):
        return self.any_step(batch, "val")

    def test_step(self, batch, batch_idx):
        return self.any_step(batch, "test")

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", patience=2)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": "val_acc"}}
