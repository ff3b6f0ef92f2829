# expect: fail codes=relu_instead_of_gelu
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    """Transformer block with pre-norm."""

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim)
        self.mha = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
            nn.Dropout(dropout),
        )

    def forward(self, x):
        out = self.norm1(x)
        out = self.mha(out, out, out)[0] + x
        return out + self.mlp(self.norm2(out))
