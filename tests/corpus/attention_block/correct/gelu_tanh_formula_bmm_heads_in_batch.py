# expect: pass
import numpy as np
import torch
import torch.nn as nn


class NewGELU(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(embed_dim, embed_dim)
        self.key = nn.Linear(embed_dim, embed_dim)
        self.value = nn.Linear(embed_dim, embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.ln1 = nn.LayerNorm(embed_dim)
        self.ln2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential()
        self.mlp.add_module("fc1", nn.Linear(embed_dim, hidden_dim))
        self.mlp.add_module("act", NewGELU())
        self.mlp.add_module("drop1", nn.Dropout(dropout))
        self.mlp.add_module("fc2", nn.Linear(hidden_dim, embed_dim))
        self.mlp.add_module("drop2", nn.Dropout(dropout))

    def to_heads(self, t):
        # [B, T, D] -> [B*h, T, d], every head becomes its own "image"
        B, T, D = t.shape
        t = t.reshape(B, T, self.num_heads, D // self.num_heads)
        return t.permute(0, 2, 1, 3).reshape(B * self.num_heads, T, -1)

    def from_heads(self, t, B):
        _, T, d = t.shape
        return t.reshape(B, self.num_heads, T, d).permute(0, 2, 1, 3).reshape(B, T, -1)

    def forward(self, x):
        B = x.shape[0]
        y = self.ln1(x)
        q, k, v = self.to_heads(self.query(y)), self.to_heads(self.key(y)), self.to_heads(self.value(y))
        scores = torch.bmm(q, k.transpose(1, 2)) / q.shape[-1] ** 0.5
        attention = nn.Softmax(dim=2)(scores)
        y = self.from_heads(torch.bmm(attention, v), B)
        x = x + self.out(y)
        x = x + self.mlp(self.ln2(x))
        return x
