# expect: fail codes=cls_missing
# Mistake: no class token, a table for the patches alone, and the first patch is read.
import torch
import torch.nn as nn


class VisionTransformer(nn.Module):
    """ViT from the layers that PyTorch ships; the encoder's norm= is the final LayerNorm."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes,
                 patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.embed = nn.Conv2d(num_channels, embed_dim, patch_size, stride=patch_size)
        self.pos = nn.Parameter(torch.randn(1, num_patches, embed_dim) * .02)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            d_model=embed_dim,
            nhead=num_heads,
            dim_feedforward=hidden_dim,
            dropout=dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=num_layers, norm=nn.LayerNorm(embed_dim),
                                             enable_nested_tensor=False)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        feats = self.embed(x)
        tokens = feats.flatten(start_dim=2).permute(0, 2, 1)
        tokens = self.dropout(tokens + self.pos[:, : tokens.shape[1]])
        out = self.encoder(tokens)
        return self.head(out[:, 0])
