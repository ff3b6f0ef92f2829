# expect: pass
import torch
from torch import nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        d = embed_dim // num_heads
        self.q = nn.Parameter(torch.empty(num_heads, embed_dim, d))
        self.k = nn.Parameter(torch.empty(num_heads, embed_dim, d))
        self.v = nn.Parameter(torch.empty(num_heads, embed_dim, d))
        self.o = nn.Parameter(torch.empty(num_heads, d, embed_dim))
        for w in (self.q, self.k, self.v, self.o):
            nn.init.normal_(w, std=embed_dim ** -0.5)
        self.bq = nn.Parameter(torch.zeros(num_heads, 1, d))
        self.scale = d ** -0.5
        self.norms = nn.ModuleList([nn.LayerNorm(embed_dim) for _ in range(2)])
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        n = self.norms[0](x)
        q = torch.einsum('btc,hcd->bhtd', n, self.q) + self.bq
        k = torch.einsum('btc,hcd->bhtd', n, self.k)
        v = torch.einsum('btc,hcd->bhtd', n, self.v)
        w = (torch.einsum('bhqd,bhkd->bhqk', q, k) * self.scale).softmax(-1)
        x = x + torch.einsum('bhqk,bhkd,hdc->bqc', w, v, self.o)
        return x + self.mlp(self.norms[1](x))
