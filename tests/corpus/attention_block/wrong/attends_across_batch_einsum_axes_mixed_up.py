# expect: fail codes=attends_across_batch
import torch
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.h = num_heads
        self.q, self.k, self.v, self.o = (nn.Linear(embed_dim, embed_dim) for _ in range(4))
        self.ln_q, self.ln_m = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.up, self.down = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.gelu, self.drop = nn.GELU(), nn.Dropout(dropout)

    def forward(self, x):
        z = self.ln_q(x)
        # s = sequence, n = batch
        q = self.q(z).unflatten(-1, (self.h, -1))
        k = self.k(z).unflatten(-1, (self.h, -1))
        v = self.v(z).unflatten(-1, (self.h, -1))
        a = torch.einsum("snhd,tnhd->nhst", q, k) / (q.size(-1) ** 0.5)
        a = a.softmax(dim=-1)
        z = torch.einsum("nhst,tnhd->snhd", a, v).flatten(-2)
        x = x + self.o(z)
        z = self.drop(self.gelu(self.up(self.ln_m(x))))
        return x + self.drop(self.down(z))
