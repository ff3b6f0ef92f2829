# expect: fail codes=not_implemented
# Mistake: the bodies are still ellipses.
import torch
from torch import nn


class VisionTransformer(nn.Module):
    """Vision Transformer, see the figure above."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches,
                 dropout=0.0):
        super().__init__()
        ...  # TODO: layers

    def forward(self, x):
        """x: [B, C, H, W] -> logits [B, num_classes]"""
        ...  # TODO
