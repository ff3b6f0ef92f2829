# expect: pass
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    h, w = old_grid
    # 1. class token
    tokens = [pos[:, i] for i in range(pos.shape[1])]       # each [1, D]
    cls = tokens[0]
    # 2. rows of the grid
    rows = []
    for r in range(h):
        rows.append(torch.stack(tokens[1 + r * w: 1 + (r + 1) * w], dim=-1))   # [1, D, w]
    grid = torch.stack(rows, dim=-2)                        # [1, D, h, w]
    # 3. resize
    grid = F.interpolate(grid, size=tuple(new_grid), mode='bicubic', align_corners=False)
    # 4. back
    new_tokens = [cls]
    for r in range(new_grid[0]):
        for c in range(new_grid[1]):
            new_tokens.append(grid[:, :, r, c])
    return torch.stack(new_tokens, dim=1)
