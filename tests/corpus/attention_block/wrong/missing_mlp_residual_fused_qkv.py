# expect: fail codes=missing_mlp_residual
import torch
import torch.nn as nn
from torch import einsum


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.heads = num_heads
        self.norm_attn, self.norm_mlp = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.to_qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=False)
        self.to_out = nn.Linear(embed_dim, embed_dim)
        self.net = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def attend(self, x):
        b, n, d = x.shape
        q, k, v = self.to_qkv(x).reshape(b, n, 3, self.heads, -1).unbind(2)
        sim = einsum("bihd,bjhd->bhij", q, k) * q.shape[-1] ** -0.5
        return self.to_out(einsum("bhij,bjhd->bihd", sim.softmax(-1), v).reshape(b, n, d))

    def forward(self, x):
        x = x + self.attend(self.norm_attn(x))
        x = self.net(self.norm_mlp(x))
        return x
