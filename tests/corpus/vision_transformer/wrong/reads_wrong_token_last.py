# expect: fail codes=reads_wrong_token
# Mistake: takes the last token, as one would in a language model.
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, dropout)
        self.linear1 = nn.Linear(embed_dim, hidden_dim)
        self.linear2 = nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        n = self.norm(x)
        x = x + self.attn(n, n, n)[0]
        n = self.norm(x)
        return x + self.dropout(self.linear2(self.dropout(F.gelu(self.linear1(n)))))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.first = nn.Linear(num_channels * patch_size * patch_size, embed_dim)
        self.class_param = nn.Parameter(torch.randn(1, 1, embed_dim) * 0.1)
        self.place_param = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim) * 0.1)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList([AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.norm_last = nn.LayerNorm(embed_dim)
        self.last = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = F.unfold(x, self.patch_size, stride=self.patch_size).permute(0, 2, 1)
        x = self.first(x)
        x = torch.cat([self.class_param.expand(x.shape[0], 1, x.shape[2]), x], dim=1)
        x = x + self.place_param[:, :x.shape[1]]
        x = self.dropout(x).permute(1, 0, 2)
        for block in self.blocks:
            x = block(x)
        x = x.permute(1, 0, 2)
        return self.last(self.norm_last(x[:, -1]))
