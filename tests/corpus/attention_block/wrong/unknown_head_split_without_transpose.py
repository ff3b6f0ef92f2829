# expect: fail codes=unknown
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.q_proj = nn.Linear(embed_dim, embed_dim)
        self.k_proj = nn.Linear(embed_dim, embed_dim)
        self.v_proj = nn.Linear(embed_dim, embed_dim)
        self.o_proj = nn.Linear(embed_dim, embed_dim)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        B, T, D = x.shape
        y = self.norm1(x)
        q = self.q_proj(y).view(B, self.num_heads, T, self.head_dim)
        k = self.k_proj(y).view(B, self.num_heads, T, self.head_dim)
        v = self.v_proj(y).view(B, self.num_heads, T, self.head_dim)
        y = F.scaled_dot_product_attention(q, k, v)
        x = x + self.o_proj(y.view(B, T, D))
        return x + self.mlp(self.norm2(x))
