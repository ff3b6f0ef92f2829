# expect: pass
import torch


def mean_attention_distance(attention, grid, patch_size):
    """Mean distance in pixels between query and key, [L, H]."""
    h, w = grid
    ys, xs = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    centres = torch.stack([ys.flatten(), xs.flatten()], dim=1).to(attention) * patch_size   # [N, 2]
    distance = torch.cdist(centres, centres)                                                # [N, N]
    patches = attention[..., 1:, 1:]
    patches = patches / patches.sum(dim=-1, keepdim=True)
    return torch.einsum("lbhqk,qk->lbhq", patches, distance).mean(dim=(1, 3))
