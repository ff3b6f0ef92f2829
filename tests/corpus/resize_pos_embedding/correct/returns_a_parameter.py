# expect: pass
import torch
from torch import nn


def resize_pos_embedding(pos, old_grid, new_grid):
    h, w = old_grid
    weights = pos.detach()
    cls_token_pos = weights[:, :1]
    grid = weights[:, 1:].mT.reshape(1, pos.shape[-1], h, w)
    grid = nn.functional.interpolate(grid, size=tuple(new_grid), mode="bicubic", align_corners=False)
    return nn.Parameter(torch.cat([cls_token_pos, grid.flatten(2).mT], dim=1))
