# expect: fail codes=raises
import math
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.norm1, self.norm2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        B, T, D = x.shape
        d = D // self.num_heads
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, self.num_heads, d).permute(2, 0, 3, 1, 4)
        scores = torch.matmul(q, k) / math.sqrt(d)
        y = torch.matmul(scores.softmax(-1), v).transpose(1, 2).reshape(B, T, D)
        x = x + self.out(y)
        return x + self.mlp(self.norm2(x))
