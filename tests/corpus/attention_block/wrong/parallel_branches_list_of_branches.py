# expect: fail codes=parallel_branches
import torch
from torch import nn


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.mha = nn.MultiheadAttention(dim, heads)

    def forward(self, x):
        x = self.norm(x).transpose(0, 1)
        return self.mha(x, x, x)[0].transpose(0, 1)


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.branches = nn.ModuleList([
            SelfAttention(embed_dim, num_heads),
            nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                          nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout)),
        ])

    def forward(self, x):
        return x + sum(branch(x) for branch in self.branches)
