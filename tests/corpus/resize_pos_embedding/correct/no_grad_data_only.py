# expect: pass
import torch
import torch.nn as nn

# for loading a checkpoint: no gradient needed here
@torch.no_grad()
def resize_pos_embedding(pos, old_grid, new_grid):
    h_old, w_old = old_grid
    h_new, w_new = new_grid
    d = pos.size(2)
    cls_pos = pos[0, 0].reshape(1, 1, d)
    img = pos[0, 1:].reshape(h_old, w_old, d)
    img = img.permute(2, 0, 1).unsqueeze(0)
    if (h_old, w_old) != (h_new, w_new):
        img = nn.functional.interpolate(img, (h_new, w_new), mode="bicubic", align_corners=False)
    img = img.squeeze(0).permute(1, 2, 0).reshape(1, h_new * w_new, d)
    return torch.cat([cls_pos, img], 1)
