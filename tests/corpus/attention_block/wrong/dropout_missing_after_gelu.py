# expect: fail codes=dropout_missing
import torch
from torch import nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.pre1, self.pre2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.sa = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout)
        self.up = nn.Linear(embed_dim, hidden_dim)
        self.gelu = nn.GELU()
        self.down = nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        h = self.pre1(x).transpose(0, 1)
        h = self.sa(h, h, h)[0].transpose(0, 1)
        x = x + self.dropout(h)
        h = self.down(self.gelu(self.up(self.pre2(x))))
        return x + self.dropout(h)
