# expect: pass
import torch

def pairwise_pixel_distance(grid, patch_size):
    h, w = grid
    ii, jj = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
    ii = ii.reshape(-1); jj = jj.reshape(-1)
    dy = (ii[:, None] - ii[None]) * patch_size
    dx = (jj[:, None] - jj[None]) * patch_size
    return (dy ** 2 + dx ** 2).sqrt()

@torch.no_grad()
def mean_attention_distance(attention, grid, patch_size):
    dist = pairwise_pixel_distance(grid, patch_size)
    result = []
    for layer in attention:                 # [B, H, T, T]
        no_cls = layer[:, :, 1:, 1:]
        no_cls = no_cls / no_cls.sum(dim=-1, keepdim=True)
        result.append((no_cls * dist).sum(dim=-1).mean(dim=(0, 2)))
    return torch.stack(result)
