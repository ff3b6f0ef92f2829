# expect: fail codes=unregistered_layers
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        d = embed_dim // num_heads
        self.heads = [nn.Linear(embed_dim, 3 * d) for _ in range(num_heads)]   # one q, k, v per head
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        h = self.norm1(x)
        outs = []
        for qkv in self.heads:
            q, k, v = qkv(h).chunk(3, dim=-1)
            outs.append(F.scaled_dot_product_attention(q, k, v))
        x = x + self.proj(torch.cat(outs, dim=-1))
        return x + self.mlp(self.norm2(x))
