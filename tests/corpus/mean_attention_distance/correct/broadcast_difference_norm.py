# expect: pass
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    n = torch.arange(h * w, device=attention.device)
    row = torch.div(n, w, rounding_mode='floor')
    col = n % w
    yx = torch.stack((row, col), -1).float() + 0.5
    yx = yx * patch_size
    D = (yx[:, None] - yx[None, :]).norm(dim=-1)
    A = attention[:, :, :, 1:, 1:].float()
    A = A / A.sum(-1, keepdim=True)
    per_query = (A * D).sum(-1)     # L B H N
    return per_query.mean(-1).mean(1)
