# expect: fail codes=norm_query_only
import torch
from torch import nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)])
        self.mha = nn.MultiheadAttention(embed_dim, num_heads)
        self.fc = nn.ModuleList([nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)])
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        x = x.transpose(0, 1)
        x = x + self.mha(query=self.norms[0](x), key=x, value=x, need_weights=False)[0]
        h = self.drop(nn.functional.gelu(self.fc[0](self.norms[1](x))))
        x = x + self.drop(self.fc[1](h))
        return x.transpose(0, 1)
