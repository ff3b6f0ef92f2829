# expect: fail codes=missing_attention_residual
import torch
import torch.nn as nn
import torch.nn.functional as F

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        d = embed_dim // num_heads
        self.qs = nn.ModuleList([nn.Linear(embed_dim, d) for _ in range(num_heads)])
        self.ks = nn.ModuleList([nn.Linear(embed_dim, d) for _ in range(num_heads)])
        self.vs = nn.ModuleList([nn.Linear(embed_dim, d) for _ in range(num_heads)])
        self.out = nn.Linear(embed_dim, embed_dim)
        self.ln1, self.ln2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.lin1, self.lin2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.p = dropout

    def forward(self, x):
        h = self.ln1(x)
        heads = [F.scaled_dot_product_attention(q(h), k(h), v(h)) for q, k, v in zip(self.qs, self.ks, self.vs)]
        h = self.out(torch.cat(heads, dim=-1))
        m = F.dropout(F.gelu(self.lin1(self.ln2(h))), self.p, self.training)
        return h + F.dropout(self.lin2(m), self.p, self.training)
