# expect: fail codes=returns_tuple
import torch
from torch import nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.mha_norm = nn.LayerNorm(embed_dim)
        self.mha = nn.MultiheadAttention(embed_dim, num_heads)
        self.ffn_norm = nn.LayerNorm(embed_dim)
        self.ffn = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        n = self.mha_norm(x.permute(1, 0, 2))
        a, _ = self.mha(n, n, n)
        after_attention = x + a.permute(1, 0, 2)
        after_mlp = after_attention + self.ffn(self.ffn_norm(after_attention))
        return after_mlp, after_attention
