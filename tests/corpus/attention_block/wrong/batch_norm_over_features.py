# expect: fail codes=batch_norm
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.bn1 = nn.BatchNorm1d(embed_dim)
        self.bn2 = nn.BatchNorm1d(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        y = self.bn1(x.transpose(1, 2)).transpose(1, 2)     # BatchNorm1d wants [B, D, T]
        x = x + self.attn(y, y, y)[0]
        y = self.bn2(x.transpose(1, 2)).transpose(1, 2)
        return x + self.mlp(y)
