# expect: fail codes=batch_norm
import torch
from torch import nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm_attention = nn.BatchNorm1d(embed_dim)
        self.norm_mlp = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads)
        self.net = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        y = self.norm_attention(x.permute(0, 2, 1)).permute(2, 0, 1)    # T B D
        y, _ = self.attention(y, y, y, need_weights=False)
        x = x + y.transpose(0, 1)
        return x + self.net(self.norm_mlp(x))
