# expect: fail codes=relu_instead_of_gelu
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.p = dropout
        init = lambda *s: nn.Parameter(torch.randn(*s) / s[0] ** 0.5)
        self.wqkv, self.wo = init(embed_dim, 3 * embed_dim), init(embed_dim, embed_dim)
        self.w1, self.w2 = init(embed_dim, hidden_dim), init(hidden_dim, embed_dim)
        self.b1, self.b2 = nn.Parameter(torch.zeros(hidden_dim)), nn.Parameter(torch.zeros(embed_dim))
        self.ln1, self.ln2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)

    def forward(self, x):
        B, T, D = x.shape
        qkv = (self.ln1(x) @ self.wqkv).view(B, T, 3, self.num_heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        a = (q @ k.mT * q.shape[-1] ** -0.5).softmax(-1) @ v
        x = x + a.transpose(1, 2).flatten(2) @ self.wo
        h = (self.ln2(x) @ self.w1 + self.b1).clamp(min=0)
        h = F.dropout(h, self.p, self.training) @ self.w2 + self.b2
        return x + F.dropout(h, self.p, self.training)
