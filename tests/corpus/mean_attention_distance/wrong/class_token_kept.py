# expect: fail codes=class_token_kept
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    yx = torch.cartesian_prod(torch.arange(h), torch.arange(w)).to(attention.dtype) * patch_size
    yx = torch.cat([yx.mean(0, keepdim=True), yx])      # the class token sits in the middle
    d = torch.cdist(yx, yx)
    return (attention * d).sum(-1).mean(-1).mean(1)
