# expect: fail codes=unknown
import torch
import torch.nn as nn
import torch.nn.functional as F

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.h, self.d = num_heads, embed_dim // num_heads
        self.query, self.key, self.value, self.out = (nn.Linear(embed_dim, embed_dim) for _ in range(4))
        self.ln_1, self.ln_2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.lin_1, self.lin_2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        z = self.ln_1(x)
        q, k, v = [m(z).unflatten(2, (self.h, self.d)).transpose(1, 2) for m in (self.query, self.key, self.value)]
        attn = F.softmax(q @ k.transpose(2, 3) / self.d ** 0.5, dim=1)
        x = x + self.out((attn @ v).transpose(1, 2).flatten(2))
        z = self.dropout(F.gelu(self.lin_1(self.ln_2(x))))
        return x + self.dropout(self.lin_2(z))
