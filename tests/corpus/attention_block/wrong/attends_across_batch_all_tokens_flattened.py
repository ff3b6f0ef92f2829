# expect: fail codes=attends_across_batch
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.norm1, self.norm2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        B, T, D = x.shape
        y = self.norm1(x).reshape(B * T, D)
        q, k, v = self.qkv(y).reshape(B * T, 3, self.num_heads, -1).permute(1, 2, 0, 3)
        y = F.scaled_dot_product_attention(q, k, v)         # heads, B*T, d
        y = self.proj(y.transpose(0, 1).reshape(B, T, D))
        x = x + y
        return x + self.mlp(self.norm2(x))
