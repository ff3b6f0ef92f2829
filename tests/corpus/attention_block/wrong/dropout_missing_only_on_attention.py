# expect: fail codes=dropout_missing
import math
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.H = num_heads
        self.q, self.k, self.v, self.o = [nn.Linear(embed_dim, embed_dim) for _ in range(4)]
        self.attn_drop = nn.Dropout(dropout)
        self.ln1, self.ln2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, embed_dim))

    def forward(self, x):
        z = self.ln1(x)
        q, k, v = [f(z).unflatten(2, (self.H, -1)).transpose(1, 2) for f in (self.q, self.k, self.v)]
        w = self.attn_drop((q @ k.mT / math.sqrt(q.size(-1))).softmax(-1))
        x = x + self.o((w @ v).transpose(1, 2).flatten(2))
        return x + self.mlp(self.ln2(x))
