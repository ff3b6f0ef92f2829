# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.heads = num_heads
        self.p = dropout
        self.n1, self.n2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=False)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.up = nn.Linear(embed_dim, hidden_dim)
        self.down = nn.Linear(hidden_dim, embed_dim)

    def attend(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(x).reshape(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(B, T, D))

    def feed(self, x):
        x = F.dropout(F.gelu(self.up(x)), self.p, True)
        return F.dropout(self.down(x), self.p, True)

    def forward(self, x):
        x = x + self.attend(self.n1(x))
        return x + self.feed(self.n2(x))


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError
    x = x.reshape(B, C, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    return x.flatten(2) if flatten_channels else x


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
        x = x + self.pos[:, :N + 1]
        x = self.drop(x)
        for block in self.blocks:
            x = block(x)
        x = x[:, 0]
        x = self.norm(x)
        x = self.head(x)
        return x
