# expect: fail codes=dropout_missing
# Mistake: the dropout layer is built without the argument's value.
import torch
from torch import nn


class ScaledBlock(nn.Module):
    """Pre-LN block whose branches start at zero."""

    def __init__(self, dim, hidden, heads, dropout):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))
        self.scale_attn = nn.Parameter(torch.zeros(dim))
        self.scale_mlp = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        h = self.norm1(x)
        h = self.attn(h, h, h, need_weights=False)[0]
        x = x + self.scale_attn * h
        return x + self.scale_mlp * self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.linear = nn.Linear(num_channels * patch_size * patch_size, embed_dim)
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.position = nn.Parameter(torch.zeros(1, 1 + num_patches, embed_dim))
        self.body = nn.Sequential(*[ScaledBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.dropout = nn.Dropout(0.0)
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        p = self.patch_size
        # (B, C, H, W) -> (B, C, H/p, W/p, p, p)
        patches = x.unfold(2, p, p).unfold(3, p, p)
        patches = patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
        tokens = self.linear(patches)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = tokens + self.position[:, :tokens.shape[1]]
        tokens = self.dropout(tokens)
        return self.head(self.norm(self.body(tokens)[:, 0]))
