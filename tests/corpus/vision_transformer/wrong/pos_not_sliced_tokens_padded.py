# expect: fail codes=pos_not_sliced
import torch
import torch.nn as nn


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError
    x = x.reshape(B, C, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    return x.flatten(2) if flatten_channels else x


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def forward(self, x):
        n = self.norm1(x)
        x = x + self.attn(n, n, n, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.proj = nn.Linear(num_channels * patch_size ** 2, embed_dim)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim))
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList([AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = img_to_patch(x, self.patch_size)
        x = self.proj(x)
        B, N, D = x.shape
        x = torch.cat([self.cls.expand(B, -1, -1), x], dim=1)
        missing = self.pos.shape[1] - x.shape[1]
        x = torch.cat([x, torch.zeros(B, missing, D, device=x.device)], dim=1) + self.pos
        x = self.drop(x)
        for block in self.blocks:
            x = block(x)
        x = x[:, 0]
        x = self.norm(x)
        x = self.head(x)
        return x
