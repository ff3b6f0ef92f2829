# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F
from collections import OrderedDict


class Layer(nn.Module):
    def __init__(self, dim, hidden, heads, dropout):
        super().__init__()
        self.n1 = nn.LayerNorm(dim, elementwise_affine=False)
        self.n2 = nn.LayerNorm(dim, elementwise_affine=False)
        self.att = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(OrderedDict([
            ("up", nn.Linear(dim, hidden)), ("act", nn.GELU()), ("drop1", nn.Dropout(dropout)),
            ("down", nn.Linear(hidden, dim)), ("drop2", nn.Dropout(dropout)),
        ]))

    def forward(self, x):
        x = x + self.att(self.n1(x), self.n1(x), self.n1(x), need_weights=False)[0]
        return x + self.mlp(self.n2(x))


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.embed = nn.Conv2d(num_channels, embed_dim, patch_size, patch_size)
        self.tokens = nn.ParameterDict({
            "cls": torch.randn(1, 1, embed_dim) * 0.02,
            "pos": torch.randn(1, 1 + num_patches, embed_dim) * 0.02,
        })
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential(OrderedDict(
            (f"layer{i + 1}", Layer(embed_dim, hidden_dim, num_heads, dropout)) for i in range(num_layers)))
        self.to_logits = nn.Sequential(OrderedDict(norm=nn.LayerNorm(embed_dim), linear=nn.Linear(embed_dim, num_classes)))

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = F.pad(x, (0, 0, 1, 0))                    # an empty token in front
        x[:, :1] = x[:, :1] + self.tokens["cls"]
        x = x + self.tokens["pos"][:, :x.shape[1]]
        x = self.layers(self.dropout(x))
        return self.to_logits(x[:, 0])
