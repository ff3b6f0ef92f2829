# expect: pass
import torch
import torch.nn.functional as F


def to_image(tokens, grid):
    return tokens.T.reshape(-1, 1, *grid)            # every feature is one grey image


def to_tokens(images):
    return images.flatten(1).T


def resize_pos_embedding(pos, old_grid, new_grid):
    old_grid, new_grid = tuple(old_grid), tuple(new_grid)
    images = to_image(pos[0, 1:], old_grid)
    images = F.interpolate(images, size=new_grid, mode="bicubic")
    return torch.cat([pos[0, :1], to_tokens(images)]).unsqueeze(0)
