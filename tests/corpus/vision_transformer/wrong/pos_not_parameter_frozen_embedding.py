# expect: fail codes=pos_not_parameter
# Mistake: the embedding's weight is frozen.
import torch
import torch.nn as nn


class Transformer(nn.Module):
    def __init__(self, dim, depth, heads, mlp_dim, dropout):
        super().__init__()
        self.layers = nn.ModuleList([])
        for _ in range(depth):
            self.layers.append(nn.ModuleList([
                nn.LayerNorm(dim),
                nn.MultiheadAttention(dim, heads, dropout=dropout, batch_first=True),
                nn.LayerNorm(dim),
                nn.Sequential(nn.Linear(dim, mlp_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(mlp_dim, dim), nn.Dropout(dropout)),
            ]))

    def forward(self, x):
        for norm1, attn, norm2, ff in self.layers:
            y = norm1(x)
            x = attn(y, y, y)[0] + x
            x = ff(norm2(x)) + x
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch = nn.Unfold(kernel_size=patch_size, stride=patch_size)
        self.project = nn.Linear(num_channels * patch_size ** 2, embed_dim)
        self.cls_token = nn.Parameter(nn.init.trunc_normal_(torch.zeros(1, 1, embed_dim), std=0.02))
        self.position_embedding = nn.Embedding.from_pretrained(torch.randn(num_patches + 1, embed_dim))
        self.register_buffer("position_ids", torch.arange(num_patches + 1).unsqueeze(0), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.transformer = Transformer(embed_dim, num_layers, num_heads, hidden_dim, dropout)
        self.mlp_head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Dropout(0.0), nn.Linear(embed_dim, num_classes))

    def forward(self, img):
        x = self.project(self.patch(img).transpose(1, 2))
        b, n, _ = x.shape
        cls_tokens = self.cls_token.expand(b, -1, -1)
        x = torch.cat((cls_tokens, x), dim=1)
        x = x + self.position_embedding(self.position_ids[:, :n + 1])
        x = self.dropout(x)
        x = self.transformer(x)
        x = x[:, 0]
        return self.mlp_head(x)
