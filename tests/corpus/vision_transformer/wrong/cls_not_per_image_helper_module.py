# expect: fail codes=cls_not_per_image
# Mistake: the module joins its token without expanding it.
import torch
import torch.nn as nn


class PatchEmbedding(nn.Module):
    def __init__(self, in_ch, dim, size):
        super().__init__()
        self.project = nn.Conv2d(in_ch, dim, kernel_size=size, stride=size)

    def forward(self, x):
        return self.project(x).flatten(2).transpose(1, 2)


class ClassToken(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, x):
        return torch.cat((self.token, x), dim=1)


class PositionalEmbedding(nn.Module):
    def __init__(self, n, dim, dropout):
        super().__init__()
        self.table = nn.Parameter(torch.empty(1, n, dim))
        nn.init.normal_(self.table, std=0.02)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.dropout(x + self.table[:, :x.size(1)])


class PreNorm(nn.Module):
    def __init__(self, dim, layer):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.layer = layer

    def forward(self, x):
        return self.layer(self.norm(x)) + x


class Attention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


class Encoder(nn.Sequential):
    def __init__(self, dim, hidden, heads, layers, dropout):
        parts = []
        for _ in range(layers):
            parts.append(PreNorm(dim, Attention(dim, heads, batch_first=True)))
            parts.append(PreNorm(dim, nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout),
                                                    nn.Linear(hidden, dim), nn.Dropout(dropout))))
        super().__init__(*parts)


class ClassifierHead(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.linear = nn.Linear(dim, classes)

    def forward(self, x):
        return self.linear(self.norm(x[:, 0]))


class VisionTransformer(nn.Sequential):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__(
            PatchEmbedding(num_channels, embed_dim, patch_size),
            ClassToken(embed_dim),
            PositionalEmbedding(num_patches + 1, embed_dim, dropout),
            Encoder(embed_dim, hidden_dim, num_heads, num_layers, dropout),
            ClassifierHead(embed_dim, num_classes),
        )
