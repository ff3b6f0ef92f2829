# expect: fail codes=raises
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    yx = torch.cartesian_prod(torch.arange(h), torch.arange(w)).to(attention.dtype) * patch_size
    dist = torch.cdist(yx, yx)
    attention = attention / attention.sum(dim=-1, keepdim=True)
    return (attention * dist).sum(-1).mean(-1).mean(1)      # 50 against 49
