# expect: pass
from typing import Optional

import torch
from torch import Tensor, nn

VERBOSE = True


def to_patches(x: Tensor, patch_size: int) -> Tensor:
    """[B, C, H, W] -> [B, N, C*p*p]"""
    B, C, H, W = x.shape
    assert H % patch_size == 0 and W % patch_size == 0, "image does not fit"
    x = x.reshape(B, C, H // patch_size, patch_size, W // patch_size, patch_size)
    x = torch.einsum("bchpwq->bhwcpq", x)
    return x.reshape(B, -1, C * patch_size * patch_size)


class EncoderBlock(nn.Module):
    def __init__(self, embed_dim: int, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(embed_dim)
        self.norm_2 = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        normed = self.norm_1(x)
        x = x + self.attention(normed, normed, normed, attn_mask=mask)[0]
        return x + self.feed_forward(self.norm_2(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim: int, hidden_dim: int, num_channels: int, num_heads: int, num_layers: int,
                 num_classes: int, patch_size: int, num_patches: int, dropout: float = 0.0) -> None:
        super().__init__()
        assert embed_dim % num_heads == 0
        self.patch_size = patch_size
        self.num_patches = num_patches
        self.projection = nn.Linear(num_channels * patch_size**2, embed_dim)
        self.cls_token = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos_embedding = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.ModuleList(
            [EncoderBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)]
        )
        self.mlp_head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))
        if VERBOSE:
            print("parameters:", sum(p.numel() for p in self.parameters()))

    def forward(self, x: Tensor) -> Tensor:
        assert x.dim() == 4, f"expected [B, C, H, W], got {tuple(x.shape)}"
        patches = to_patches(x, self.patch_size)
        B, T, _ = patches.shape
        assert T <= self.num_patches
        tokens = self.projection(patches)
        tokens = torch.cat([self.cls_token.expand(B, -1, -1), tokens], dim=1)
        assert tokens.shape == (B, T + 1, self.cls_token.shape[-1])
        tokens = self.dropout(tokens + self.pos_embedding[:, : T + 1])
        for block in self.encoder:
            tokens = block(tokens)
        logits = self.mlp_head(tokens[:, 0])
        if VERBOSE:
            print("logits", tuple(logits.shape))
        return logits
