# expect: fail codes=dropout_always_on
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.p = dropout
        self.ln_1, self.ln_2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout)
        self.linear_1, self.linear_2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.activation = nn.GELU()

    def forward(self, x):
        t = self.ln_1(x).transpose(0, 1)
        t, _ = self.attention(t, t, t)
        x = x + t.transpose(0, 1)
        drop = nn.Dropout(self.p)      # a fresh module is always in train mode
        t = drop(self.activation(self.linear_1(self.ln_2(x))))
        t = drop(self.linear_2(t))
        return x + t
