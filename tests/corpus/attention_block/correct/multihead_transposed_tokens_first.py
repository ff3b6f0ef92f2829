# expect: pass
import torch
from torch import nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(embed_dim, eps=1e-6), nn.LayerNorm(embed_dim, eps=1e-6)
        self.mha = nn.MultiheadAttention(embed_dim, num_heads)
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, embed_dim)
        self.act = nn.GELU(approximate='tanh')
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        x = x.transpose(0, 1)          # MultiheadAttention wants [T, B, D]
        h = self.n1(x)
        attn_out, _ = self.mha(h, h, h, need_weights=False)
        x = attn_out + x
        h = self.n2(x)
        h = self.drop(self.act(self.fc1(h)))
        h = self.drop(self.fc2(h))
        x = h + x
        return x.transpose(0, 1)
