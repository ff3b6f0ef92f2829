# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.embed_dim, self.num_heads, self.p = embed_dim, num_heads, dropout
        self.in_w = nn.Parameter(torch.empty(3 * embed_dim, embed_dim))
        self.in_b = nn.Parameter(torch.zeros(3 * embed_dim))
        nn.init.xavier_normal_(self.in_w)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.first_norm = nn.LayerNorm([embed_dim])
        self.second_norm = nn.LayerNorm([embed_dim])
        self.mlp_in = nn.Linear(embed_dim, hidden_dim)
        self.mlp_out = nn.Linear(hidden_dim, embed_dim)

    def forward(self, x):
        n = self.first_norm(x).permute(1, 0, 2)
        a, _ = F.multi_head_attention_forward(
            n, n, n, self.embed_dim, self.num_heads, self.in_w, self.in_b, None, None, False,
            self.p, self.out.weight, self.out.bias, training=self.training, need_weights=False)
        x = x + a.permute(1, 0, 2)
        m = F.gelu(self.mlp_in(self.second_norm(x)))
        if self.training:
            m = F.dropout(m, self.p)
        m = self.mlp_out(m)
        if self.training:
            m = F.dropout(m, self.p)
        return x + m
