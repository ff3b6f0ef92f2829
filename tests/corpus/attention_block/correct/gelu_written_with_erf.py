# expect: pass
import math
import torch
import torch.nn as nn


def gelu(x):
    return 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0)))


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm_1 = nn.LayerNorm(embed_dim)
        self.norm_2 = nn.LayerNorm(embed_dim)
        self.multihead = nn.MultiheadAttention(embed_dim, num_heads, bias=False, batch_first=True)
        self.hidden = nn.Linear(embed_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, embed_dim)
        self.drop_hidden = nn.Dropout(p=dropout)
        self.drop_output = nn.Dropout(p=dropout)

    def forward(self, x):
        # 1. attention
        n = self.norm_1(x)
        a = self.multihead(n, n, n)[0]
        x = torch.add(x, a)
        # 2. MLP
        n = self.norm_2(x)
        m = gelu(self.hidden(n))
        m = self.drop_hidden(m)
        m = self.output(m)
        m = self.drop_output(m)
        return torch.add(x, m)
