# expect: pass
import torch
import torch.nn as nn


class Blk(nn.Module):
    def __init__(self, D, M, H, p):
        super().__init__()
        self.lnA = nn.LayerNorm(D)
        self.lnB = nn.LayerNorm(D)
        self.A = nn.MultiheadAttention(D, H, p)
        self.M = nn.Sequential(nn.Linear(D, M), nn.GELU(), nn.Dropout(p), nn.Linear(M, D), nn.Dropout(p))

    def forward(self, x):
        y = self.lnA(x).transpose(0, 1)
        y = self.A(y, y, y)[0].transpose(0, 1)
        x = x + y
        return x + self.M(self.lnB(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.n = num_layers
        self.E = nn.Conv2d(num_channels, embed_dim, patch_size, stride=patch_size, bias=False)
        self.c = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.P = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim))
        self.drop = nn.Dropout(dropout)
        for i in range(self.n):
            setattr(self, f"block{i}", Blk(embed_dim, hidden_dim, num_heads, dropout))
        self.ln = nn.LayerNorm(embed_dim)
        self.W = nn.Linear(embed_dim, num_classes, bias=False)

    def forward(self, x):
        e = self.E(x)
        e = e.view(e.shape[0], e.shape[1], -1).permute(0, 2, 1)
        z = torch.cat([self.c.repeat(e.shape[0], 1, 1), e], 1)
        z = z + self.P[:, 0:z.shape[1]]
        z = self.drop(z)
        for i in range(self.n):
            z = getattr(self, f"block{i}")(z)
        return self.W(self.ln(z[:, 0]))
