# expect: fail codes=pos_not_sliced
# Mistake: expands the whole table over the batch.
import torch
import torch.nn as nn
import torch.nn.functional as F


class VisionTransformer(nn.Module):
    class Layer(nn.Module):
        def __init__(self, dim, hidden, heads, p):
            super().__init__()
            self.p = p
            self.norms = nn.ModuleList([nn.LayerNorm(dim), nn.LayerNorm(dim)])
            self.attn = nn.MultiheadAttention(dim, heads, dropout=p, bias=False, batch_first=True)
            self.w1 = nn.Linear(dim, hidden)
            self.w2 = nn.Linear(hidden, dim)

        def forward(self, x):
            h = self.norms[0](x)
            h = self.attn(h, h, h, need_weights=False)[0]
            x = x + F.dropout(h, self.p, training=self.training)
            h = F.gelu(self.w1(self.norms[1](x)))
            h = F.dropout(h, self.p, training=self.training)
            return x + F.dropout(self.w2(h), self.p, training=self.training)

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.p_drop = dropout
        self.lin = nn.Linear(num_channels * patch_size ** 2, embed_dim)
        self.tok = nn.Parameter(torch.full((1, 1, embed_dim), 0.1))
        self.pe = nn.Parameter(nn.init.xavier_normal_(torch.empty(1, num_patches + 1, embed_dim)))
        self.stack = nn.ModuleList(self.Layer(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers))
        self.out_norm = nn.LayerNorm(embed_dim)
        self.out = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        p = self.patch_size
        x = x.permute(0, 2, 3, 1)                              # B H W C
        x = x.unfold(1, p, p).unfold(2, p, p)                  # B gh gw C p p
        x = x.permute(0, 1, 2, 4, 5, 3)                        # B gh gw p p C
        B, gh, gw = x.shape[:3]
        x = self.lin(x.reshape(B, gh * gw, -1))
        x = torch.cat((self.tok.expand(B, -1, -1), x), dim=1)
        x = x + self.pe.expand(B, -1, -1)
        x = F.dropout(x, p=self.p_drop, training=self.training)
        for layer in self.stack:
            x = layer(x)
        return self.out(self.out_norm(x[:, 0]))
