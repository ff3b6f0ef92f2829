# expect: fail codes=loss_not_returned
# Mistake: training_step returns the logits.
import torch
import torch.nn as nn
import math
import torch.nn.functional as F
import lightning.pytorch as pl


class TransformerBlock(nn.Module):
    def __init__(self, d, h, heads, dropout):
        super().__init__()
        self.ln1 = nn.LayerNorm(d)
        self.ln2 = nn.LayerNorm(d)
        self.mha = nn.MultiheadAttention(d, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(d, h), nn.GELU(approximate="tanh"), nn.Dropout(dropout), nn.Linear(h, d),
                                nn.Dropout(dropout))

    def forward(self, x):
        n = self.ln1(x)
        x = x + self.mha(n, n, n)[0]
        x = x + self.ff(self.ln2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches,
                 dropout=0.0):
        super().__init__()
        self.conv = nn.Conv2d(num_channels, embed_dim, kernel_size=patch_size, stride=patch_size, bias=False)
        self.pos_emb = nn.Embedding(1 + num_patches, embed_dim)
        self.cls_emb = nn.Parameter(torch.empty(1, 1, embed_dim).normal_(std=0.5))
        self.emb_drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[TransformerBlock(embed_dim, hidden_dim, num_heads, dropout)
                                      for _ in range(num_layers)])
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, img):
        x = self.conv(img)                       # B D h w
        x = x.flatten(2).mT                      # B N D
        cls = self.cls_emb.repeat_interleave(x.shape[0], dim=0)
        x = torch.cat((cls, x), dim=1)
        idx = torch.arange(x.shape[1], device=x.device)
        x = self.emb_drop(x + self.pos_emb(idx))
        x = self.blocks(x)
        x = self.norm(x)
        logits = self.head(x[:, 0])
        return logits


class LitViT(pl.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.model = VisionTransformer(**model_kwargs)
        self.lr = lr

    def training_step(self, batch, batch_idx):
        x, y = batch
        logits = self.model(x)
        loss = F.cross_entropy(logits, y)
        self.log_dict({"train_loss": loss, "train_acc": self.accuracy(logits, y)})
        return logits

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self.model(x)
        self.log_dict({"val_loss": F.cross_entropy(logits, y), "val_acc": self.accuracy(logits, y)})

    def test_step(self, batch, batch_idx):
        x, y = batch
        logits = self.model(x)
        self.log_dict({"test_loss": F.cross_entropy(logits, y), "test_acc": self.accuracy(logits, y)})

    @staticmethod
    def accuracy(logits, y):
        return (logits.argmax(dim=1) == y).sum().item() / y.shape[0]

    def factor(self, step):
        warmup = 2
        if step < warmup:
            return (step + 1) / warmup
        total = max(int(self.trainer.estimated_stepping_batches), warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.lr)
        return [opt], [{"scheduler": torch.optim.lr_scheduler.LambdaLR(opt, self.factor), "interval": "step"}]
