# expect: pass
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    (h, w), (nh, nw) = old_grid, new_grid
    out = pos.new_empty(1, 1 + nh * nw, pos.shape[-1])
    out[:, :1] = pos[:, :1]
    grid = pos[:, 1:].permute(0, 2, 1).reshape(1, -1, h, w)
    out[:, 1:] = F.interpolate(grid, (nh, nw), mode="bicubic").flatten(2).permute(0, 2, 1)
    return out
