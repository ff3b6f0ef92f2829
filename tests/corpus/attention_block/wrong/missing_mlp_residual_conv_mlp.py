# expect: fail codes=missing_mlp_residual
import torch
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.n1 = nn.LayerNorm(embed_dim)
        self.n2 = nn.LayerNorm(embed_dim)
        self.att = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.mlp = nn.Sequential(nn.Conv1d(embed_dim, hidden_dim, 1), nn.GELU(), nn.Dropout(dropout),
                                 nn.Conv1d(hidden_dim, embed_dim, 1), nn.Dropout(dropout))

    def forward(self, x):
        n = self.n1(x)
        a, _ = self.att(n, n, n, need_weights=False)
        x = x + a
        return self.mlp(self.n2(x).transpose(1, 2)).transpose(1, 2)
