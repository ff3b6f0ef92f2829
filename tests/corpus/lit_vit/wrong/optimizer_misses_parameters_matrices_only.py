# expect: fail codes=optimizer_misses_parameters
# Mistake: the group without decay is forgotten: only matrices are trained.
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.layer_norm_1 = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.layer_norm_2 = nn.LayerNorm(embed_dim)
        self.linear = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
            nn.Dropout(dropout),
        )

    def forward(self, x):
        inp = self.layer_norm_1(x)
        x = x + self.attn(inp, inp, inp)[0]
        x = x + self.linear(self.layer_norm_2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.input_layer = nn.Linear(num_channels * patch_size ** 2, embed_dim)
        self.blocks = nn.ModuleList()
        while len(self.blocks) < num_layers:
            self.blocks.append(AttentionBlock(embed_dim, hidden_dim, num_heads, dropout=dropout))
        self.head_norm = nn.LayerNorm(embed_dim)
        self.head_linear = nn.Linear(embed_dim, num_classes)
        self.embedding_dropout = nn.Dropout(dropout)
        self.cls_token = nn.Parameter(torch.empty(1, 1, embed_dim))
        self.pos_embedding = nn.Parameter(torch.empty(1, num_patches + 1, embed_dim))
        # everything small, norms at one, biases at zero
        for name, p in self.named_parameters():
            if "norm" in name and name.endswith("weight"):
                nn.init.ones_(p)
            elif name.endswith("bias"):
                nn.init.zeros_(p)
            else:
                nn.init.normal_(p, std=0.02)

    def embed(self, x):
        B, C, H, W = x.shape
        p = self.patch_size
        x = x.reshape(B, C, H // p, p, W // p, p)
        x = x.permute(0, 2, 4, 1, 3, 5).flatten(1, 2).flatten(2)
        return self.input_layer(x)

    def add_cls(self, x):
        cls = self.cls_token.expand(x.size(0), -1, -1)
        return torch.cat([cls, x], dim=1)

    def forward(self, x):
        x = self.add_cls(self.embed(x))
        x = self.embedding_dropout(x + self.pos_embedding[:, : x.size(1)])
        for block in self.blocks:
            x = block(x)
        cls_out = x[:, 0]
        return self.head_linear(self.head_norm(cls_out))


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.model = VisionTransformer(**model_kwargs)

    def step(self, batch, name):
        x, y = batch
        z = self.model(x)
        loss = F.cross_entropy(z, y)
        self.log(name + "_loss", loss)
        self.log(name + "_acc", (z.argmax(-1) == y).double().mean().float())
        return loss

    def training_step(self, batch, i):
        return self.step(batch, "train")

    def validation_step(self, batch, i):
        return self.step(batch, "val")

    def test_step(self, batch, i):
        return self.step(batch, "test")

    def configure_optimizers(self):
        decay, rest = [], []
        for name, p in self.model.named_parameters():
            if p.ndim == 2:
                decay.append(p)
            else:
                rest.append(p)
        groups = [{"params": decay, "weight_decay": 0.1}]
        return torch.optim.AdamW(groups, lr=self.hparams["lr"])
