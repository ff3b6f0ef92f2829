# expect: fail codes=grid_swapped
import torch

def mean_attention_distance(attention, grid, patch_size):
    w, h = grid
    centres = torch.tensor([[r * patch_size, c * patch_size] for r in range(h) for c in range(w)]).to(attention.dtype)
    dist = torch.cdist(centres, centres)
    a = attention[..., 1:, 1:]
    a = a / a.sum(dim=-1, keepdim=True)
    return torch.einsum("lbhqk,qk->lh", a, dist) / (a.shape[1] * a.shape[3])
