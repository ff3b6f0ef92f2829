# expect: fail codes=not_implemented
# Mistake: pass in both bodies.
import torch.nn as nn


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches,
                 dropout=0.0):
        super().__init__()
        pass

    def forward(self, x):
        pass
