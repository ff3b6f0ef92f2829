# expect: pass
import math
import torch
import torch.nn as nn


class Dense(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.w = nn.Parameter(torch.empty(n_in, n_out).uniform_(-1, 1) / math.sqrt(n_in))
        self.b = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return torch.matmul(x, self.w) + self.b


class InvertedDropout(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = (torch.rand_like(x) > self.rate).to(x.dtype)
        return x * keep / (1 - self.rate)


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.H = num_heads
        self.q, self.k, self.v, self.o = (Dense(embed_dim, embed_dim) for _ in range(4))
        self.up, self.down = Dense(embed_dim, hidden_dim), Dense(hidden_dim, embed_dim)
        self.norm1, self.norm2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.drop = InvertedDropout(dropout)

    def forward(self, x):
        h = self.norm1(x)
        B, T, D = h.shape
        # interleaved heads: the last axis is (d, H)
        q = self.q(h).reshape(B, T, D // self.H, self.H).permute(0, 3, 1, 2)
        k = self.k(h).reshape(B, T, D // self.H, self.H).permute(0, 3, 2, 1)
        v = self.v(h).reshape(B, T, D // self.H, self.H).permute(0, 3, 1, 2)
        attn = torch.softmax(q @ k / math.sqrt(D / self.H), dim=-1)
        h = (attn @ v).permute(0, 2, 3, 1).reshape(B, T, D)
        x = x + self.o(h)
        h = self.drop(nn.functional.gelu(self.up(self.norm2(x))))
        return x + self.drop(self.down(h))
