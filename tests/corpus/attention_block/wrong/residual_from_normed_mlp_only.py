# expect: fail codes=residual_from_normed
import torch
from torch import nn, Tensor


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim: int, hidden_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm_in = nn.LayerNorm(embed_dim)
        self.norm_mid = nn.LayerNorm(embed_dim)
        self.self_attn = nn.MultiheadAttention(embed_dim, num_heads)
        self.ff = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm_in(x).swapaxes(0, 1)
        y = self.self_attn(y, y, y)[0].swapaxes(0, 1)
        x = self.norm_mid(x + y)
        return x + self.ff(x)
