# expect: fail codes=wrong_num_layers
# Mistake: runs one block too many.
import torch
import torch.nn as nn
import torch.nn.functional as F


def weight(*shape, std=0.05):
    return nn.Parameter(torch.randn(*shape) * std)


class EinsumBlock(nn.Module):
    def __init__(self, d, hidden, h, p):
        super().__init__()
        dk = d // h
        self.dk, self.drop = dk, nn.Dropout(p)
        self.g1, self.b1 = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d))
        self.g2, self.b2 = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d))
        self.wq, self.wk, self.wv = weight(d, h, dk), weight(d, h, dk), weight(d, h, dk)
        self.wo = weight(h, dk, d)
        self.up, self.up_b = weight(hidden, d), nn.Parameter(torch.zeros(hidden))
        self.down, self.down_b = weight(d, hidden), nn.Parameter(torch.zeros(d))

    def forward(self, x):
        n = F.layer_norm(x, x.shape[-1:], self.g1, self.b1)
        q = torch.einsum("btd,dhk->bhtk", n, self.wq)
        k = torch.einsum("btd,dhk->bhtk", n, self.wk)
        v = torch.einsum("btd,dhk->bhtk", n, self.wv)
        att = torch.einsum("bhik,bhjk->bhij", q, k).div(self.dk ** 0.5).softmax(-1)
        x = x + torch.einsum("bhij,bhjk,hkd->bid", att, v, self.wo)
        n = F.layer_norm(x, x.shape[-1:], self.g2, self.b2)
        n = self.drop(F.gelu(F.linear(n, self.up, self.up_b)))
        return x + self.drop(F.linear(n, self.down, self.down_b))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.w_patch = weight(embed_dim, num_channels, patch_size, patch_size)
        self.b_patch = nn.Parameter(torch.zeros(embed_dim))
        self.cls = weight(1, 1, embed_dim)
        self.pos = weight(1, 1 + num_patches, embed_dim)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList([EinsumBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers + 1)])
        self.g, self.b = nn.Parameter(torch.ones(embed_dim)), nn.Parameter(torch.zeros(embed_dim))
        self.w_head = weight(num_classes, embed_dim)
        self.b_head = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        x = F.conv2d(x, self.w_patch, self.b_patch, stride=self.patch_size)
        x = torch.einsum("bdhw->bhwd", x).flatten(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1)
        x = self.drop(x + self.pos[:, :x.shape[1]])
        for blk in self.blocks:
            x = blk(x)
        x = F.layer_norm(x[:, 0], (x.shape[-1],), self.g, self.b)
        return F.linear(x, self.w_head, self.b_head)
