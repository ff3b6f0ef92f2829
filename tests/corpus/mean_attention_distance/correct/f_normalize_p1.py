# expect: pass
import torch
import torch.nn.functional as F


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    centres = torch.tensor([[(r + .5) * patch_size, (c + .5) * patch_size] for r in range(h) for c in range(w)],
                           dtype=attention.dtype, device=attention.device)
    dist = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
    patch_to_patch = F.normalize(attention[..., 1:, 1:], p=1, dim=-1)
    d = (patch_to_patch * dist).sum(-1)       # [L, B, H, N]
    return d.mean(dim=3).mean(dim=1)
