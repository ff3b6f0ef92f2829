# expect: fail codes=unregistered_layers
import torch
from torch import nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.ln = nn.ModuleList([nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)])
        self.msa = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout)
        self.drop1, self.drop2 = nn.Dropout(dropout), nn.Dropout(dropout)
        self.mlp = [nn.Linear(embed_dim, hidden_dim), nn.GELU(), self.drop1, nn.Linear(hidden_dim, embed_dim), self.drop2]

    def forward(self, x):
        y = self.ln[0](x).transpose(0, 1)
        x = x + self.msa(y, y, y)[0].transpose(0, 1)
        y = self.ln[1](x)
        for layer in self.mlp:
            y = layer(y)
        return x + y
