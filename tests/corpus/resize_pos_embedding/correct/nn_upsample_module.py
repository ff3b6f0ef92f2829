# expect: pass
import torch
from torch import nn


def resize_pos_embedding(pos, old_grid, new_grid):
    old_h, old_w = old_grid
    resize = nn.Upsample(size=new_grid, mode="bicubic", align_corners=False)
    first, rest = pos.split([1, old_h * old_w], dim=1)
    rest = rest.view(1, old_h, old_w, -1).movedim(-1, 1)
    rest = resize(rest).movedim(1, -1).flatten(1, 2)
    return torch.hstack([first, rest])
