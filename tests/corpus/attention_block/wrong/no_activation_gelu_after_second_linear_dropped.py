# expect: fail codes=no_activation
import torch
import torch.nn as nn


class MLP(nn.Module):
    def __init__(self, n_in, n_hidden, p):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(n_in, n_hidden), nn.GELU(), nn.Dropout(p), nn.Linear(n_hidden, n_in), nn.Dropout(p)])

    def forward(self, x):
        for layer in self.layers:
            if isinstance(layer, nn.GELU):
                layer(x)      # result lost
            else:
                x = layer(x)
        return x


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.a_norm, self.m_norm = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.a = nn.MultiheadAttention(embed_dim, num_heads)
        self.m = MLP(embed_dim, hidden_dim, dropout)

    def forward(self, x):
        n = self.a_norm(x).permute(1, 0, 2)
        x = x + self.a(n, n, n)[0].permute(1, 0, 2)
        return x + self.m(self.m_norm(x))
