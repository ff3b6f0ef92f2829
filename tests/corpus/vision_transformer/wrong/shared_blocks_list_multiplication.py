# expect: fail codes=shared_blocks
# Mistake: [block] * n repeats one and the same block.
import torch
import torch.nn as nn
import torch.nn.functional as F


class PreNormLayer(nn.Module):
    def __init__(self, width, mlp_width, n_heads, p_drop=0.):
        super().__init__()
        self.n_heads = n_heads
        self.norm_a = nn.LayerNorm(width)
        self.norm_m = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.Linear(width, width)
        self.up = nn.Linear(width, mlp_width)
        self.down = nn.Linear(mlp_width, width)
        self.drop = nn.Dropout(p_drop)

    def split(self, t):
        b, n, w = t.shape
        return t.view(b, n, self.n_heads, w // self.n_heads).transpose(1, 2)

    def forward(self, x):
        h = self.norm_a(x)
        att = F.scaled_dot_product_attention(self.split(self.to_q(h)), self.split(self.to_k(h)), self.split(self.to_v(h)))
        att = att.transpose(1, 2).flatten(2)
        x = x + self.drop(self.to_out(att))
        h = self.down(self.drop(F.gelu(self.up(self.norm_m(x)))))
        return x + self.drop(h)


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.ps = patch_size
        self.patch_to_token = nn.Linear(patch_size * patch_size * num_channels, embed_dim)
        self.cls_tok = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos_tok = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim))
        self.drop_tok = nn.Dropout(dropout)
        self.layers = nn.ModuleList([PreNormLayer(embed_dim, hidden_dim, num_heads, dropout)] * num_layers)
        self.mlp_head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))

    def forward(self, x):
        b, c, h, w = x.shape
        rows, cols = h // self.ps, w // self.ps
        x = x.view(b, c, rows, self.ps, cols, self.ps)
        # columns of patches first: the positions are learned, so any fixed order will do
        x = x.permute(0, 4, 2, 1, 3, 5).contiguous().view(b, cols * rows, -1)
        x = self.patch_to_token(x)
        x = torch.cat([self.cls_tok.expand(b, 1, -1), x], dim=1)
        x += self.pos_tok[:, :rows * cols + 1]
        x = self.drop_tok(x)
        for layer in self.layers:
            x = layer(x)
        return self.mlp_head(x[:, 0])
