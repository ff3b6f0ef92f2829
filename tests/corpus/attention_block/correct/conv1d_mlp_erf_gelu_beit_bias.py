# expect: pass
import torch
from torch import nn

class AttentionBlock(nn.Module):
    num_heads: int
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.register_buffer("scale", torch.tensor(float(embed_dim // num_heads)).rsqrt(), persistent=False)
        self.norm1 = nn.LayerNorm(embed_dim, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(embed_dim, elementwise_affine=False)
        self.qkv = nn.Linear(embed_dim, embed_dim * 3, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(embed_dim))
        self.v_bias = nn.Parameter(torch.zeros(embed_dim))
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.up = nn.Conv1d(embed_dim, hidden_dim, 1)
        self.down = nn.Conv1d(hidden_dim, embed_dim, 1)
        self.drop = nn.Dropout(dropout)

    def attention(self, x):
        B, T, D = x.shape
        bias = torch.cat((self.q_bias, torch.zeros_like(self.v_bias), self.v_bias))
        qkv = nn.functional.linear(x, self.qkv.weight, bias).reshape(B, T, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv
        s = (q * self.scale) @ k.transpose(-2, -1)
        s = s - s.amax(-1, keepdim=True).detach()
        e = s.exp()
        return self.proj(((e @ v) / e.sum(-1, keepdim=True)).transpose(1, 2).reshape(B, T, D))

    def mlp(self, x):
        h = self.up(x.transpose(1, 2))
        h = h * 0.5 * (1.0 + torch.erf(h / 2 ** 0.5))
        return self.drop(self.down(self.drop(h))).transpose(1, 2)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))
