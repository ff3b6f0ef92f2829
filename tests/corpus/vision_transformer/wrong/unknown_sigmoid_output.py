# expect: fail codes=unknown
# Mistake: the logits go through a sigmoid.
import torch, torch.nn as nn
from copy import deepcopy


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        D = embed_dim
        self.patch_size = patch_size
        self.W_e = nn.Linear(num_channels*patch_size*patch_size, D)
        self.z_cls = nn.Parameter(torch.randn(1, 1, D))
        self.e_pos = nn.Parameter(torch.randn(1, num_patches+1, D))
        self.drop = nn.Dropout(dropout)
        one = nn.TransformerEncoderLayer(D, num_heads, hidden_dim, dropout, nn.GELU(), norm_first=True, batch_first=True)
        self.L = nn.Sequential(*[deepcopy(one) for _ in range(num_layers)])
        self.LN = nn.LayerNorm(D)
        self.W_y = nn.Linear(D, num_classes)

    def forward(self, x):
        p = self.patch_size
        B, C, H, W = x.shape
        # row by row, inside a row patch by patch
        x = x.view(B, C, H//p, p, W).permute(0, 2, 4, 1, 3)        # B, H/p, W, C, p
        x = x.reshape(B, H//p, W//p, p, C, p).flatten(3)           # order inside a patch: column, channel, row
        z = self.W_e(x.flatten(1, 2))
        z0 = self.z_cls.expand(B, 1, -1)
        z = torch.cat([z0, z], dim=1)
        z = self.drop(z + self.e_pos[:, :z.shape[1]])
        z = self.L(z)
        y = self.LN(z[:, 0])
        return torch.sigmoid(self.W_y(y))
