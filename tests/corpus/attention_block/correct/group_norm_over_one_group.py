# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F


class TokenNorm(nn.GroupNorm):
    """GroupNorm with one group on [B*T, D] is a LayerNorm."""

    def __init__(self, dim):
        super().__init__(1, dim)

    def forward(self, x):
        return super().forward(x.reshape(-1, x.shape[-1])).reshape(x.shape)


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.a, self.b = TokenNorm(embed_dim), TokenNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True, dropout=dropout)
        self.l1, self.l2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.rate = dropout

    def drop(self, t):
        return F.dropout(t, self.rate, training=self.training)

    def forward(self, x):
        y = self.a(x)
        x = x + self.drop(self.attn(y, y, y)[0])
        y = self.b(x)
        x = x + self.drop(self.l2(self.drop(F.gelu(self.l1(y)))))
        return x
