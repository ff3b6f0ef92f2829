# expect: pass
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


class AttentionBlock(nn.Module):
    """Weights of the MLP as direction and length: another way to write down the same layers."""

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.before_attention = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.mlp = nn.Sequential(
            nn.LayerNorm(embed_dim),
            weight_norm(nn.Linear(embed_dim, hidden_dim)),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.utils.weight_norm(nn.Linear(hidden_dim, embed_dim)),
            nn.Dropout(dropout),
        )

    def forward(self, x):
        tokens = self.before_attention(x)
        x = x + self.attention(tokens, tokens, tokens, need_weights=False)[0]
        return x + self.mlp(x)
