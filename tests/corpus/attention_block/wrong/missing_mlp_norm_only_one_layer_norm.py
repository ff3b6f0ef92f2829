# expect: fail codes=missing_mlp_norm
import math
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.n = num_heads
        self.d = embed_dim // num_heads
        self.ln = nn.LayerNorm(embed_dim)
        self.to_q = nn.Linear(embed_dim, embed_dim)
        self.to_k = nn.Linear(embed_dim, embed_dim)
        self.to_v = nn.Linear(embed_dim, embed_dim)
        self.to_o = nn.Linear(embed_dim, embed_dim)
        self.ff1 = nn.Linear(embed_dim, hidden_dim)
        self.ff2 = nn.Linear(hidden_dim, embed_dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        b, t, _ = x.shape
        h = self.ln(x)
        q = self.to_q(h).reshape(b, t, self.n, self.d).permute(0, 2, 1, 3)
        k = self.to_k(h).reshape(b, t, self.n, self.d).permute(0, 2, 3, 1)
        v = self.to_v(h).reshape(b, t, self.n, self.d).permute(0, 2, 1, 3)
        w = torch.softmax(torch.matmul(q, k) / math.sqrt(self.d), dim=-1)
        h = torch.matmul(w, v).permute(0, 2, 1, 3).reshape(b, t, -1)
        x = x + self.to_o(h)
        h = self.drop(torch.nn.functional.gelu(self.ff1(x)))
        return x + self.drop(self.ff2(h))
