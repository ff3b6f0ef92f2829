# expect: fail codes=layout_mixed
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    h, w = old_grid
    nh, nw = new_grid
    D = pos.shape[-1]
    if (h, w) == (nh, nw):
        return pos
    grid = pos[:, 1:].reshape(1, h, w, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(nh, nw), mode="bicubic")
    return torch.cat([pos[:, :1], grid.reshape(1, nh * nw, D)], dim=1)
