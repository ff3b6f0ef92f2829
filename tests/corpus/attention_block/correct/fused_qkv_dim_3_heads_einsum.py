# expect: pass
import torch
from torch import nn, einsum


class AttentionBlock(nn.Module):
    """Pre-LN block; rows of to_qkv are ordered (d, 3, heads)"""

    def __init__(self, embed_dim: int, hidden_dim: int, num_heads: int, dropout: float = 0.0):
        super().__init__()
        self.heads = num_heads
        self.scale = (embed_dim // num_heads) ** -0.5
        self.pre_attn = nn.LayerNorm(embed_dim)
        self.pre_mlp = nn.LayerNorm(embed_dim)
        self.to_qkv = nn.Linear(embed_dim, embed_dim * 3, bias=False)
        self.to_out = nn.Sequential(nn.Linear(embed_dim, embed_dim), nn.Dropout(dropout))
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, _ = x.shape
        qkv = self.to_qkv(self.pre_attn(x)).reshape(b, t, -1, 3, self.heads)
        q, k, v = qkv.unbind(3)                                     # b t d h
        dots = einsum("bidh,bjdh->bhij", q, k) * self.scale
        weights = torch.softmax(dots, dim=-1)
        out = einsum("bhij,bjdh->bidh", weights, v).flatten(2)      # b t (d h)
        x = x + self.to_out(out)
        return x + self.mlp(self.pre_mlp(x))
