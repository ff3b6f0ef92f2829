# expect: fail codes=hardcoded_batch_size
# Mistake: the feature map is viewed as 64 images.
import torch
import torch.nn as nn


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0, **kwargs):
        super().__init__()
        self.patchify = nn.Conv2d(num_channels, embed_dim, kernel_size=patch_size, stride=patch_size)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim))
        self.dropout = nn.Dropout(dropout)
        encoder_layer = nn.TransformerEncoderLayer(d_model=embed_dim, nhead=num_heads, dim_feedforward=hidden_dim,
                                                   dropout=dropout, activation="gelu", norm_first=True)
        self.encoder = nn.TransformerEncoder(encoder_layer, num_layers)
        self.layer_norm = nn.LayerNorm(embed_dim)
        self.linear = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = self.patchify(x)                   # B D gh gw
        x = x.view(64, x.shape[1], -1).permute(2, 0, 1)
        cls = self.cls.expand(1, x.shape[1], -1)
        x = torch.cat([cls, x], dim=0)
        pos = self.pos[:, :x.shape[0]].transpose(0, 1)
        x = self.dropout(x + pos)
        x = self.encoder(x)
        return self.linear(self.layer_norm(x[0]))
