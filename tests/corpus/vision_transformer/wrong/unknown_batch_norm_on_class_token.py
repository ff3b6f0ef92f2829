# expect: fail codes=unknown
# Mistake: BatchNorm1d instead of LayerNorm before the head: eval and train mode differ.
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.norm_1 = nn.LayerNorm(embed_dim)
        self.norm_2 = nn.LayerNorm(embed_dim)
        self.linear = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.ReLU(), nn.Dropout(dropout),
                                    nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        x = self.norm_1(x + self.attn(x, x, x)[0])
        return self.norm_2(x + self.linear(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patches = nn.Conv2d(num_channels, embed_dim, patch_size, patch_size)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        self.transformer = nn.Sequential(*[AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.head = nn.Sequential(nn.BatchNorm1d(embed_dim), nn.Linear(embed_dim, num_classes))

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.size(0), -1, -1), x], dim=1)
        x = self.dropout(x + self.pos[:, :x.size(1)])
        x = self.transformer(x)
        return self.head(x[:, 0])
