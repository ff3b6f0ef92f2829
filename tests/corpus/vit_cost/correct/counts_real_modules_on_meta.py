# expect: pass
import torch
from torch import nn


def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    tokens = 1 + (image_size // patch_size) ** 2
    with torch.device("meta"):      # nothing is allocated
        parts = nn.ModuleList([nn.Linear(num_channels * patch_size ** 2, embed_dim, bias=False)])
        for _ in range(num_layers):
            parts += [nn.LayerNorm(embed_dim), nn.Linear(embed_dim, 3 * embed_dim), nn.Linear(embed_dim, embed_dim),
                      nn.LayerNorm(embed_dim), nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)]
        parts += [nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes)]
    parameters = sum(w.numel() for w in parts.parameters()) + embed_dim + tokens * embed_dim

    rows = [tokens - 1] + [tokens] * (4 * num_layers) + [1]     # how many vectors go through each Linear
    linears = [m for m in parts if isinstance(m, nn.Linear)]
    macs = sum(r * m.weight.numel() for r, m in zip(rows, linears))
    macs += num_layers * 2 * tokens * tokens * embed_dim
    return dict(tokens=tokens, parameters=parameters, forward_macs=macs)
