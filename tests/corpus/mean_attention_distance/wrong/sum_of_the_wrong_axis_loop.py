# expect: fail codes=normalised_over_queries
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    r, c = torch.arange(h * w) // w, torch.arange(h * w) % w
    dist = patch_size * torch.hypot((r[:, None] - r).to(attention.dtype), (c[:, None] - c).to(attention.dtype))
    out = []
    for layer in attention:
        layer = layer[:, :, 1:, 1:]
        layer = layer / layer.sum(dim=2, keepdim=True)      # [B, H, 1, N]
        out.append((layer * dist).sum(3).mean(2).mean(0))
    return torch.stack(out)
