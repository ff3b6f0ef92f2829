# expect: fail codes=not_renormalised
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    ys, xs = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    pos = torch.stack([ys.flatten(), xs.flatten()], -1).float() * patch_size
    dist = torch.cdist(pos, pos)
    a = attention[..., 1:, 1:]
    return (a * dist).sum(dim=-1).mean(dim=(1, 3))
