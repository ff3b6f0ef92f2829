# expect: fail codes=unknown
import torch
from torch import nn
from torch.nn import functional as F

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.nh = num_heads
        self.attn_in = nn.Linear(embed_dim, 3 * embed_dim)
        self.attn_out = nn.Linear(embed_dim, embed_dim)
        self.ln = nn.ModuleDict(dict(a=nn.LayerNorm(embed_dim), b=nn.LayerNorm(embed_dim)))
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = self.attn_in(self.ln["a"](x)).chunk(3, -1)
        q, k, v = (t.reshape(B, T, self.nh, -1).permute(0, 2, 1, 3) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v)     # B h T d
        y = y.reshape(B, T, D)
        x = x + self.attn_out(y)
        return x + self.mlp(self.ln["b"](x))
