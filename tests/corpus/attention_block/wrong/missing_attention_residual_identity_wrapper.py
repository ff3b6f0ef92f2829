# expect: fail codes=missing_attention_residual
import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn
    def forward(self, x):
        return x + self.fn(x)


class PreNorm(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fn = fn
    def forward(self, x):
        return self.fn(self.norm(x))


class Attn(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x)[0]


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))
        self.attn = PreNorm(embed_dim, Attn(embed_dim, num_heads, batch_first=True))
        self.mlp = Residual(PreNorm(embed_dim, mlp))

    def forward(self, x):
        return self.mlp(self.attn(x))
