# expect: fail codes=wrong_hidden_dim
import torch
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, dim, mult, p):
        super().__init__()
        self.w1 = nn.Linear(dim, dim * mult)
        self.w2 = nn.Linear(dim * mult, dim)
        self.p1, self.p2 = nn.Dropout(p), nn.Dropout(p)

    def forward(self, x):
        return self.p2(self.w2(self.p1(nn.functional.gelu(self.w1(x)))))


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm_a = nn.LayerNorm(embed_dim, eps=1e-6)
        self.norm_f = nn.LayerNorm(embed_dim, eps=1e-6)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.ff = FeedForward(embed_dim, hidden_dim, dropout)

    def forward(self, x):
        h = self.norm_a(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        return x + self.ff(self.norm_f(x))
