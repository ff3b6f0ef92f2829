# expect: pass
import math
import torch
from torch import nn
from torch.nn.utils import parametrize

class Scale(nn.Module):
    def forward(self, t):
        return t * 0.02

class VisionTransformer(nn.Module):
    class Layer(nn.Module):
        def __init__(self, d, m, h, p):
            super().__init__()
            self.n, self.n_ = nn.LayerNorm(d, 1e-6), nn.LayerNorm(d, 1e-6)
            self.sa = nn.MultiheadAttention(d, h, p, batch_first=True)
            self.mlp = nn.Sequential(nn.Linear(d, m), nn.GELU("tanh"), nn.Dropout(p), nn.Linear(m, d), nn.Dropout(p))
        def forward(self, x):
            n = self.n(x)
            x = x + self.sa(n, n, n, need_weights=False)[0]
            return x + self.mlp(self.n_(x))

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.stem = nn.Conv2d(num_channels, embed_dim, patch_size, patch_size)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim))
        parametrize.register_parametrization(self, "cls", Scale())
        parametrize.register_parametrization(self, "pos", Scale())
        self.emb_drop = nn.Dropout(dropout)
        self.trunk = nn.Sequential(*(self.Layer(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)))
        self.w = nn.Parameter(torch.randn(num_classes, embed_dim) / math.sqrt(embed_dim))
        self.b = nn.Parameter(torch.zeros(num_classes))
        self.final = nn.LayerNorm(embed_dim)

    def forward(self, x):
        z = self.stem(x).flatten(2).permute(0, 2, 1)
        z = torch.cat([torch.broadcast_to(self.cls, (z.shape[0], 1, z.shape[2])), z], 1)
        z = self.emb_drop(z + self.pos[:, :z.shape[1]])
        return nn.functional.linear(self.final(self.trunk(z)[:, 0]), self.w, self.b)
