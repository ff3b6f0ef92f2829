# expect: fail codes=unknown
import torch

def resize_pos_embedding(pos, old_grid, new_grid):
    if tuple(old_grid) == tuple(new_grid):
        return pos
    new = torch.randn(1, 1 + new_grid[0] * new_grid[1], pos.shape[-1]) * 0.02
    new[:, :1] = pos[:, :1]
    return new
