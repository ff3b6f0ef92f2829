# expect: fail codes=unregistered_layers
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.h = num_heads
        # requires_grad, but no nn.Parameter
        self.wq = torch.randn(embed_dim, embed_dim, requires_grad=True)
        self.wk = torch.randn(embed_dim, embed_dim, requires_grad=True)
        self.wv = torch.randn(embed_dim, embed_dim, requires_grad=True)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.ln1, self.ln2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        z = self.ln1(x)
        q, k, v = ((z @ w / z.shape[-1] ** 0.5).unflatten(-1, (self.h, -1)).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.mlp(self.ln2(x))
