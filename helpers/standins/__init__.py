"""Stand-ins built from PyTorch's own layers, so that a student can go on without an earlier stage.

They do what the contract asks, and count how often they are used: a check that sees its own exercise's
stand-in at work, wrapped or subclassed or not, awards nothing.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

_uses: dict[str, int] = {}


def count(exercise: str) -> int:
    """How often the stand-in of an exercise has been called or built in this process."""
    return _uses.get(exercise, 0)


def use(exercise: str) -> None:
    """Count one more use of the stand-in of an exercise."""
    _uses[exercise] = _uses.get(exercise, 0) + 1


def img_to_patch(x: torch.Tensor, patch_size: int, flatten_channels: bool = True) -> torch.Tensor:
    """Patches of images by `F.unfold`: [B, C, H, W] -> [B, N, C*p*p], or [B, N, C, p, p].

    Raises ValueError when patch_size does not divide H and W. Source: Dosovitskiy et al. 2021, section 3.1.
    """
    use("img_to_patch")
    if x.shape[2] % patch_size or x.shape[3] % patch_size:
        raise ValueError(f"patch size {patch_size} does not divide {x.shape[2]} x {x.shape[3]}")
    patches = F.unfold(x, patch_size, stride=patch_size).transpose(1, 2)  # [B, N, C*p*p]
    return patches if flatten_channels else patches.unflatten(2, (x.shape[1], patch_size, patch_size))


class AttentionBlock(nn.Module):
    """Pre-LN block, `nn.TransformerEncoderLayer`: [B, T, D] -> [B, T, D]. Source: Xiong et al. 2020, figure 1b."""

    def __init__(self, embed_dim: int, hidden_dim: int, num_heads: int, dropout: float = 0.0):
        super().__init__()
        use("attention_block")
        self.layer = nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, activation="gelu",
                                                batch_first=True, norm_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        use("attention_block")
        return self.layer(x)


class VisionTransformer(nn.Module):
    """Vision Transformer: images [B, C, H, W] -> logits [B, num_classes]. Source: Dosovitskiy et al. 2021, figure 1."""

    def __init__(self, embed_dim: int, hidden_dim: int, num_channels: int, num_heads: int, num_layers: int,
                 num_classes: int, patch_size: int, num_patches: int, dropout: float = 0.0):
        super().__init__()
        use("vision_transformer")
        self.embed = nn.Conv2d(num_channels, embed_dim, patch_size, stride=patch_size)
        self.first = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.places = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim) * 0.02)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.Sequential(*(
            nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, "gelu", batch_first=True,
                                       norm_first=True) for _ in range(num_layers)))
        self.head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        use("vision_transformer")
        x = self.embed(x).flatten(2).transpose(1, 2)  # [B, N, D]
        x = torch.cat([self.first.expand(len(x), -1, -1), x], dim=1)  # [B, 1 + N, D]
        x = self.layers(self.drop(x + self.places[:, : x.shape[1]]))
        return self.head(x[:, 0])  # [B, num_classes]


def get(exercise: str):
    """The stand-in of an exercise: a function or a class. Raises KeyError for an unknown exercise."""
    if exercise == "lit_vit":
        from .training import LitViT  # imports Lightning, which takes longer than PyTorch

        return LitViT
    return {"img_to_patch": img_to_patch, "attention_block": AttentionBlock, "vision_transformer": VisionTransformer}[exercise]
