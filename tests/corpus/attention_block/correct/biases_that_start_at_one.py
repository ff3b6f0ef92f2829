# expect: pass
import torch
import torch.nn as nn


class MyLayerNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim))
        self.shift = nn.Parameter(torch.zeros(dim))
        self.eps = eps

    def forward(self, x):
        mu = x.mean(dim=-1, keepdim=True)
        var = ((x - mu) ** 2).mean(dim=-1, keepdim=True)
        return self.scale * (x - mu) / torch.sqrt(var + self.eps) + self.shift


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.ln1 = nn.LayerNorm(embed_dim)
        nn.init.ones_(self.ln1.bias)
        self.ln2 = MyLayerNorm(embed_dim)
        self.mha = nn.MultiheadAttention(embed_dim, num_heads, dropout, batch_first=True)
        self.lin1 = nn.Linear(embed_dim, hidden_dim)
        self.lin2 = nn.Linear(hidden_dim, embed_dim)
        self.do = nn.Dropout(dropout)
        for layer in (self.lin1, self.lin2):
            nn.init.ones_(layer.bias)

    def forward(self, inp):
        x1 = self.ln1(inp)
        x2 = inp + self.mha(x1, x1, x1)[0]
        x3 = self.ln2(x2)
        x4 = self.lin2(self.do(nn.functional.gelu(self.lin1(x3))))
        return x2 + self.do(x4)
