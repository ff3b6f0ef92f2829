# expect: pass
import torch.nn as nn


def count(module):
    return sum(p.numel() for p in module.parameters())


def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    """A torch encoder layer has the same parts as our block, so let torch count."""
    h = w = image_size // patch_size
    tokens = h * w + 1
    block = nn.TransformerEncoderLayer(embed_dim, nhead=1, dim_feedforward=hidden_dim)
    conv = nn.Conv2d(num_channels, embed_dim, kernel_size=patch_size, stride=patch_size, bias=False)
    head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))
    parameters = count(conv) + count(head) + num_layers * count(block) + (1 + tokens) * embed_dim

    per_token = 4 * embed_dim ** 2 + 2 * embed_dim * hidden_dim
    macs_block = tokens * per_token + 2 * embed_dim * tokens ** 2
    macs = h * w * conv.weight.numel() + num_layers * macs_block + num_classes * embed_dim
    return {"tokens": tokens, "parameters": parameters, "forward_macs": macs}
