# expect: pass
import torch

# a patch centre is a complex number, the distance is the absolute value of the difference
def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    z = (torch.arange(h)[:, None] * 1j + torch.arange(w)[None, :]).flatten() * patch_size
    dist = (z[:, None] - z[None, :]).abs()
    att = attention[..., 1:, 1:]
    att = att / att.sum(-1, keepdim=True)
    return torch.einsum('lbhij,ij->lh', att, dist.to(att.dtype)) / (att.shape[1] * att.shape[3])
