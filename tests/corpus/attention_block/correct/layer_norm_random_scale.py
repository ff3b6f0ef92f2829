# expect: pass
import torch
from torch import nn
from torch.nn import functional as F


class Norm(nn.Module):
    """LayerNorm whose weights and biases start anywhere: they are learned."""

    def __init__(self, size):
        super().__init__()
        self.gamma = nn.Parameter(1 + 0.1 * torch.randn(size))
        self.beta = nn.Parameter(0.1 * torch.randn(size))

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        return self.gamma * centred * torch.rsqrt(x.var(-1, unbiased=False, keepdim=True) + 1e-6) + self.beta


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.heads = num_heads
        self.norm_a, self.norm_m = Norm(embed_dim), Norm(embed_dim)
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.up, self.down = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.rate = dropout

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(self.norm_a(x)).reshape(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, D)
        x = x + self.out(mixed)
        hidden = F.dropout(F.gelu(self.up(self.norm_m(x))), self.rate, self.training)
        return x + F.dropout(self.down(hidden), self.rate, self.training)
