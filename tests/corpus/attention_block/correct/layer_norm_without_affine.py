# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.ln_a = nn.LayerNorm(embed_dim, elementwise_affine=False)
        self.ln_b = nn.LayerNorm(embed_dim, elementwise_affine=False)
        self.heads = num_heads
        self.kv = nn.Linear(embed_dim, 2 * embed_dim)
        self.q = nn.Linear(embed_dim, embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.net = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        h = self.ln_a(x)
        B, T, D = h.shape
        shape = (B, T, self.heads, D // self.heads)
        k, v = self.kv(h).split(D, dim=-1)
        q, k, v = (t.reshape(shape).transpose(1, 2) for t in (self.q(h), k, v))
        att = F.scaled_dot_product_attention(q, k, v)
        x = x + self.out(att.transpose(1, 2).flatten(2))
        return x + self.net(self.ln_b(x))
