# expect: fail codes=post_norm
import torch
import torch.nn as nn


class AddAndNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.norm = nn.LayerNorm(dim, eps=eps)

    def forward(self, x, branch):
        return self.norm(x + branch)


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.h = num_heads
        self.q = nn.Linear(embed_dim, embed_dim)
        self.k = nn.Linear(embed_dim, embed_dim)
        self.v = nn.Linear(embed_dim, embed_dim)
        self.o = nn.Linear(embed_dim, embed_dim)
        self.up = nn.Linear(embed_dim, hidden_dim)
        self.down = nn.Linear(hidden_dim, embed_dim)
        self.add_norm_1, self.add_norm_2 = AddAndNorm(embed_dim), AddAndNorm(embed_dim)
        self.drop = nn.Dropout(dropout)

    def attention(self, x):
        B, T, D = x.shape
        q, k, v = (f(x).view(B, T, self.h, D // self.h).transpose(1, 2) for f in (self.q, self.k, self.v))
        w = torch.softmax(q @ k.mT / (D / self.h) ** 0.5, dim=-1)
        return self.o((w @ v).transpose(1, 2).reshape(B, T, D))

    def mlp(self, x):
        return self.drop(self.down(self.drop(nn.functional.gelu(self.up(x)))))

    def forward(self, x):
        x = self.add_norm_1(x, self.attention(x))
        x = self.add_norm_2(x, self.mlp(x))
        return x
