# expect: pass
from typing import Tuple
import torch
from torch import Tensor, nn
import torch.nn.functional as F


class MultiHeadSelfAttention(nn.Module):
    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.in_proj = nn.Linear(dim, 3 * dim)
        self.out_proj = nn.Linear(dim, dim)

    def _qkv(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        B, T, D = x.shape
        y = self.in_proj(x).view(B, T, self.n_heads, D // self.n_heads, 3)
        y = y.permute(4, 0, 2, 1, 3)
        return y[0], y[1], y[2]

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self._qkv(x)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out_proj(y.permute(0, 2, 1, 3).flatten(-2))


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim: int, hidden_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.pre_norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.self_attention = MultiHeadSelfAttention(embed_dim, num_heads)
        self.post_norm = nn.LayerNorm(embed_dim, eps=1e-6)   # "post" = after attention, before the MLP
        self.dense1 = nn.Linear(embed_dim, hidden_dim)
        self.dense2 = nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)
        self.apply(self._init)
        nn.init.zeros_(self.self_attention.out_proj.weight)

    @staticmethod
    def _init(m: nn.Module) -> None:
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.dropout(self.self_attention(self.pre_norm(x)))
        h = self.dropout(F.gelu(self.dense1(self.post_norm(x)), approximate="tanh"))
        return x + self.dropout(self.dense2(h))
