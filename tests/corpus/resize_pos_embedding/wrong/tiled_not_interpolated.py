# expect: fail codes=unknown
import torch


def resize_pos_embedding(pos, old_grid, new_grid):
    # cut off what is too much, repeat what is missing
    n = new_grid[0] * new_grid[1]
    patches = pos[:, 1:]
    repeats = -(-n // patches.shape[1])
    return torch.cat([pos[:, :1], patches.repeat(1, repeats, 1)[:, :n]], dim=1)
