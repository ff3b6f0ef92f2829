# expect: pass
import torch
from torch import nn


class PreNormResidual(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fn = fn

    def forward(self, x):
        return self.fn(self.norm(x)) + x


class Attention(nn.Module):
    def __init__(self, dim, heads, dropout):
        super().__init__()
        self.mha = nn.MultiheadAttention(dim, heads, dropout=dropout, batch_first=True)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        return self.drop(self.mha(x, x, x, need_weights=False)[0])


class FeedForward(nn.Sequential):
    def __init__(self, dim, hidden, dropout):
        super().__init__(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))


class AttentionBlock(nn.Sequential):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__(
            PreNormResidual(embed_dim, Attention(embed_dim, num_heads, dropout)),
            PreNormResidual(embed_dim, FeedForward(embed_dim, hidden_dim, dropout)),
        )
