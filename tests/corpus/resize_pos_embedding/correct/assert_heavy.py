# expect: pass
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    assert pos.dim() == 3 and pos.shape[0] == 1
    h, w = old_grid
    h2, w2 = new_grid
    assert pos.shape[1] == 1 + h * w
    D = pos.shape[2]
    x = pos[:, 1:, :]                    # 1, h*w, D
    x = x.reshape(1, h, w, D)            # 1, h, w, D
    x = x.permute(0, 3, 1, 2)            # 1, D, h, w
    x = F.interpolate(x, size=[h2, w2], mode='bicubic')
    assert x.shape == (1, D, h2, w2)
    x = x.permute(0, 2, 3, 1)            # 1, h2, w2, D
    x = x.reshape(1, h2 * w2, D)
    out = torch.cat([pos[:, :1, :], x], dim=1)
    assert out.shape == (1, 1 + h2 * w2, D)
    return out
