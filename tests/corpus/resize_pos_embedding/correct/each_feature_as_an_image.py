# expect: pass
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    if old_grid == new_grid:
        return pos.clone()
    h, w = old_grid
    nh, nw = new_grid
    D = pos.shape[2]
    new = torch.zeros(1, 1 + nh * nw, D, dtype=pos.dtype)
    new[:, 0] = pos[:, 0]
    for d in range(D):
        picture = pos[0, 1:, d].reshape(1, 1, h, w)
        picture = F.interpolate(picture, size=(nh, nw), mode="bicubic", align_corners=False)
        new[0, 1:, d] = picture.reshape(-1)
    return new
