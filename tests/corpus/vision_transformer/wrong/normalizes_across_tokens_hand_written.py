# expect: fail codes=normalizes_across_tokens
# Mistake: the final norm takes mean and variance over axis 1, the tokens.
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.layer_norm_1 = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.layer_norm_2 = nn.LayerNorm(embed_dim)
        self.linear = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
            nn.Dropout(dropout),
        )

    def forward(self, x):
        inp = self.layer_norm_1(x)
        x = x + self.attn(inp, inp, inp)[0]
        x = x + self.linear(self.layer_norm_2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.input_layer = nn.Linear(num_channels * patch_size ** 2, embed_dim)
        self.blocks = nn.ModuleList()
        while len(self.blocks) < num_layers:
            self.blocks.append(AttentionBlock(embed_dim, hidden_dim, num_heads, dropout=dropout))
        self.head_norm = nn.LayerNorm(embed_dim)
        self.head_linear = nn.Linear(embed_dim, num_classes)
        self.embedding_dropout = nn.Dropout(dropout)
        self.cls_token = nn.Parameter(torch.empty(1, 1, embed_dim))
        self.pos_embedding = nn.Parameter(torch.empty(1, num_patches + 1, embed_dim))
        # everything small, norms at one, biases at zero
        for name, p in self.named_parameters():
            if "norm" in name and name.endswith("weight"):
                nn.init.ones_(p)
            elif name.endswith("bias"):
                nn.init.zeros_(p)
            else:
                nn.init.normal_(p, std=0.02)

    def embed(self, x):
        B, C, H, W = x.shape
        p = self.patch_size
        x = x.reshape(B, C, H // p, p, W // p, p)
        x = x.permute(0, 2, 4, 1, 3, 5).flatten(1, 2).flatten(2)
        return self.input_layer(x)

    def add_cls(self, x):
        cls = self.cls_token.expand(x.size(0), -1, -1)
        return torch.cat([cls, x], dim=1)

    def forward(self, x):
        x = self.add_cls(self.embed(x))
        x = self.embedding_dropout(x + self.pos_embedding[:, : x.size(1)])
        for block in self.blocks:
            x = block(x)
        mean = x.mean(dim=1, keepdim=True)
        std = x.var(dim=1, keepdim=True, unbiased=False).add(1e-5).sqrt()
        x = (x - mean) / std * self.head_norm.weight + self.head_norm.bias
        return self.head_linear(x[:, 0])
