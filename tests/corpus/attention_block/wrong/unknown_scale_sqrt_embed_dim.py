# expect: fail codes=unknown
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.q, self.k = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.v, self.o = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.ln1, self.ln2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        B, T, D = x.shape
        z = self.ln1(x)
        q, k, v = (f(z).view(B, T, self.num_heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        w = F.softmax(q @ k.transpose(-2, -1) / math.sqrt(self.embed_dim), dim=-1)
        x = x + self.o((w @ v).transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.ln2(x))
