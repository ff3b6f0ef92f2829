# expect: pass
# my version, tested with B=2, T=17, D=64
import torch
import torch.nn as nn
from math import sqrt

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.dims = (embed_dim, hidden_dim, num_heads)
        for name in "qkvo":
            setattr(self, name, nn.Linear(embed_dim, embed_dim, bias=(name == "o")))
        self.norm = nn.ModuleDict({"attention": nn.LayerNorm(embed_dim), "mlp": nn.LayerNorm(embed_dim)})
        self.first = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU())
        self.second = nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        assert x.ndim == 3 and x.shape[2] == self.dims[0]
        D, _, H = self.dims
        n = self.norm["attention"](x)
        q = self.q(n).unflatten(-1, (H, -1)).movedim(2, 1) / sqrt(D // H)
        k = self.k(n).unflatten(-1, (H, -1)).permute(0, 2, 3, 1)
        v = self.v(n).unflatten(-1, (H, -1)).movedim(2, 1)
        x = x + self.o((q.matmul(k).softmax(3).matmul(v)).movedim(1, 2).flatten(2))
        n = self.norm["mlp"](x)
        return x + self.dropout(self.second(self.dropout(self.first(n))))
