# expect: fail codes=loss_not_returned
# Mistake: the helper returns the loss, training_step does not pass it on.
import torch
from torch import nn
import torch.nn.functional as F
from torch import optim
import pytorch_lightning as pl


def patchify(imgs, p):
    b, c, h, w = imgs.shape
    imgs = imgs.reshape(b, c, h // p, p, w // p, p)
    imgs = imgs.permute(0, 2, 4, 1, 3, 5)
    return imgs.flatten(1, 2).flatten(2, 4)


class AttnBlock(nn.Module):
    # works on (T, B, D), like nn.MultiheadAttention does by default
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.ln_1 = nn.LayerNorm(embed_dim)
        self.att = nn.MultiheadAttention(embed_dim, num_heads)
        self.ln_2 = nn.LayerNorm(embed_dim)
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, embed_dim)
        self.do = nn.Dropout(dropout)

    def forward(self, x):
        z = self.ln_1(x)
        att, _ = self.att(z, z, z)
        x = x + att
        z = self.do(nn.functional.gelu(self.fc1(self.ln_2(x))))
        return x + self.do(self.fc2(z))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers,
                 num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.p = patch_size
        self.to_embedding = nn.Linear(num_channels * patch_size * patch_size, embed_dim)
        self.encoder = nn.Sequential(
            *(AttnBlock(embed_dim, hidden_dim, num_heads, dropout=dropout) for _ in range(num_layers)))
        self.classifier = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))
        self.drop = nn.Dropout(dropout)
        self.class_tok = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.positions = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim))

    def forward(self, x):
        tokens = self.to_embedding(patchify(x, self.p))
        n_img, n_tok, _ = tokens.shape
        first = self.class_tok.repeat(n_img, 1, 1)
        tokens = torch.cat((first, tokens), 1)
        tokens = tokens + self.positions[:, : n_tok + 1]
        tokens = self.drop(tokens)
        tokens = tokens.transpose(0, 1)  # (T, B, D)
        tokens = self.encoder(tokens)
        return self.classifier(tokens[0])


class LitViT(pl.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.model = VisionTransformer(**model_kwargs)

    def forward(self, x):
        return self.model(x)

    def configure_optimizers(self):
        optimizer = optim.AdamW(self.parameters(), lr=self.hparams.lr)
        lr_scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[100, 150], gamma=0.1)
        return [optimizer], [lr_scheduler]

    def _calculate_loss(self, batch, mode="train"):
        imgs, labels = batch
        preds = self.model(imgs)
        loss = F.cross_entropy(preds, labels)
        acc = (preds.argmax(dim=-1) == labels).float().mean()
        self.log("%s_loss" % mode, loss)
        self.log("%s_acc" % mode, acc)
        return loss

    def training_step(self, batch, batch_idx):
        self._calculate_loss(batch, mode="train")

    def validation_step(self, batch, batch_idx):
        self._calculate_loss(batch, mode="val")

    def test_step(self, batch, batch_idx):
        self._calculate_loss(batch, mode="test")
