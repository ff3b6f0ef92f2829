# expect: fail codes=layout_mixed
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    h, w = old_grid
    nh, nw = new_grid
    D = pos.shape[-1]
    grid = pos[:, 1:].reshape(1, D, h, w)
    grid = F.interpolate(grid, size=(nh, nw), mode="bicubic")
    return torch.cat([pos[:, :1], grid.reshape(1, nh * nw, D)], dim=1)
