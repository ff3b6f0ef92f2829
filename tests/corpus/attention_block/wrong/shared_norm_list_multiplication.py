# expect: fail codes=shared_norm
import torch
from torch import nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(embed_dim)] * 2)
        self.sa = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU("tanh"), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        z = self.norms[0](x).transpose(0, 1)
        x = x + self.sa(z, z, z)[0].transpose(0, 1)
        return x + self.mlp(self.norms[1](x))
