# expect: pass
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    h, w = old_grid
    H, W = new_grid
    D = pos.shape[2]
    x = pos.double()
    token = x[:, :1]
    patch = x[:, 1:].reshape(h, w, D).permute(2, 0, 1)[None]
    patch = F.interpolate(patch, size=(H, W), mode="bicubic", align_corners=False)
    patch = patch[0].permute(1, 2, 0).reshape(1, H * W, D)
    return torch.cat([token, patch], dim=1).to(pos.dtype)
