# expect: pass
import torch


def cubic(x, a=-0.75):
    x = x.abs()
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return torch.where(x <= 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def resampling_matrix(old, new, like):
    """[new, old]: row i holds the weights with which the old places make the new place i."""
    centre = (torch.arange(new) + 0.5) * old / new - 0.5
    base = centre.floor().long()
    matrix = torch.zeros(new, old, dtype=torch.float64)
    for tap in range(-1, 3):
        place = base + tap
        weight = cubic(centre.double() - place)
        matrix.index_put_((torch.arange(new), place.clamp(0, old - 1)), weight, accumulate=True)
    return matrix.to(like)


def resize_pos_embedding(pos, old_grid, new_grid):
    rows = resampling_matrix(old_grid[0], new_grid[0], pos)
    cols = resampling_matrix(old_grid[1], new_grid[1], pos)
    patches = pos[0, 1:].unflatten(0, tuple(old_grid))
    patches = torch.einsum("ah,bw,hwd->abd", rows, cols, patches)
    return torch.cat([pos[:, :1], patches.flatten(0, 1)[None]], dim=1)
