# expect: fail codes=missing_mlp_norm
import torch
from torch import nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.ln_attn = nn.LayerNorm(embed_dim)
        self.ln_mlp = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout)
        self.fc_in, self.fc_out = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.do1, self.do2 = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x):
        tokens = self.ln_attn(x).transpose(0, 1)
        tokens, _ = self.attn(tokens, tokens, tokens)
        x = x + tokens.transpose(0, 1)
        y = x
        self.ln_mlp(y)
        y = self.do1(nn.functional.gelu(self.fc_in(y), approximate="tanh"))
        y = self.do2(self.fc_out(y))
        return x + y
