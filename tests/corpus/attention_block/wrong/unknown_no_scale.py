# expect: fail codes=unknown
import torch
from torch import nn, einsum

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.heads = num_heads
        self.norm1, self.norm2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.to_qkv = nn.Linear(embed_dim, embed_dim * 3, bias=False)
        self.to_out = nn.Linear(embed_dim, embed_dim)
        self.fc1, self.fc2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.act, self.drop = nn.GELU(), nn.Dropout(dropout)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.to_qkv(self.norm1(x)).view(b, n, 3, self.heads, -1).unbind(2)
        attn = einsum("bihd,bjhd->bhij", q, k).softmax(dim=-1)
        x = x + self.to_out(einsum("bhij,bjhd->bihd", attn, v).reshape(b, n, d))
        h = self.drop(self.act(self.fc1(self.norm2(x))))
        return x + self.drop(self.fc2(h))
