# expect: fail codes=not_implemented
# Mistake: the layers are there, the forward pass ends without a return.
import torch
import torch.nn as nn
from torch.nn import functional as F


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
        logits = self.head(self.norm(tokens[:, 0]))
