# expect: pass
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    yx = torch.stack([torch.arange(h * w) // w, torch.arange(h * w) % w], 1).to(attention.dtype)
    dist = patch_size * torch.linalg.vector_norm(yx.unsqueeze(0) - yx.unsqueeze(1), dim=-1)

    def one_map(a):                            # [T, T]
        a = a[1:, 1:]
        return ((a * dist).sum(1) / a.sum(1)).mean()

    over_heads = torch.vmap(one_map)
    over_images = torch.vmap(over_heads)
    return torch.vmap(over_images)(attention).mean(dim=1)
