# expect: fail codes=shared_norm
import math
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.ln1 = self.ln2 = nn.LayerNorm(embed_dim)
        self.q = nn.Linear(embed_dim, embed_dim, bias=False)
        self.k = nn.Linear(embed_dim, embed_dim, bias=False)
        self.v = nn.Linear(embed_dim, embed_dim, bias=False)
        self.o = nn.Linear(embed_dim, embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def heads(self, t):
        return t.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def forward(self, x):
        z = self.ln1(x)
        q, k, v = self.heads(self.q(z)), self.heads(self.k(z)), self.heads(self.v(z))
        w = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1)
        x = x + self.o((w @ v).transpose(1, 2).flatten(2))
        return x + self.mlp(self.ln2(x))
