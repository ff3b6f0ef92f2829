# expect: fail codes=no_activation
import torch
from torch import nn
from torch.nn import functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.nheads = num_heads
        self.kqv = nn.Linear(embed_dim, 3 * embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.act = nn.GELU()
        self.drop = nn.Dropout(dropout)
        self.lin1 = nn.Linear(embed_dim, hidden_dim)
        self.lin2 = nn.Linear(hidden_dim, embed_dim)
        self.ln1 = nn.LayerNorm(embed_dim)
        self.ln2 = nn.LayerNorm(embed_dim)

    def forward(self, x):
        B, T, D = x.shape
        k, q, v = (t.view(B, T, self.nheads, -1).transpose(1, 2) for t in self.kqv(self.ln1(x)).split(D, 2))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).contiguous().view(B, T, D)
        x = x + self.drop(self.out(y))
        y = self.ln2(x)
        y = self.drop(self.lin1(y))
        y = self.drop(self.lin2(y))
        return x + y
