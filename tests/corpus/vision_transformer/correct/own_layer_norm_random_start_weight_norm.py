# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F


class MyLayerNorm(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(features).uniform_(0.5, 1.5))
        self.beta = nn.Parameter(torch.empty(features).normal_(std=0.02))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(dim=-1, keepdim=True)
        var = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
        return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.h = heads
        self.dk = dim // heads
        self.w_qkv = nn.Linear(dim, dim * 3)
        self.w_o = nn.utils.parametrizations.weight_norm(nn.Linear(dim, dim))

    def forward(self, x):
        b, t, d = x.size()
        q, k, v = self.w_qkv(x).chunk(3, dim=-1)
        q = q.reshape(b, t, self.h, self.dk).transpose(1, 2)
        k = k.reshape(b, t, self.h, self.dk).transpose(1, 2)
        v = v.reshape(b, t, self.h, self.dk).transpose(1, 2)
        out = F.scaled_dot_product_attention(q, k, v)
        return self.w_o(out.transpose(1, 2).reshape(b, t, d))


class Layer(nn.Module):
    def __init__(self, dim, hidden, heads, dropout):
        super().__init__()
        self.ln_att = MyLayerNorm(dim)
        self.ln_mlp = MyLayerNorm(dim)
        self.att = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))

    def forward(self, x):
        x = self.att(self.ln_att(x)) + x
        x = self.mlp(self.ln_mlp(x)) + x
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.embed_patches = nn.Conv2d(num_channels, embed_dim, kernel_size=(patch_size, patch_size), stride=(patch_size, patch_size))
        self.cls = nn.Parameter(torch.rand(1, 1, embed_dim))
        self.pos = nn.Parameter(torch.rand(1, 1 + num_patches, embed_dim))
        self.dp = nn.Dropout(dropout)
        self.net = nn.ModuleList([Layer(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.ln = MyLayerNorm(embed_dim)
        self.classify = nn.utils.parametrizations.weight_norm(nn.Linear(embed_dim, num_classes))

    def forward(self, images):
        z = self.embed_patches(images)
        b, d, gh, gw = z.shape
        z = z.reshape(b, d, gh * gw).transpose(1, 2)
        z = torch.cat([self.cls.expand(b, 1, d), z], dim=1)
        z = self.dp(z + self.pos[:, : gh * gw + 1])
        for layer in self.net:
            z = layer(z)
        return self.classify(self.ln(z[:, 0]))
