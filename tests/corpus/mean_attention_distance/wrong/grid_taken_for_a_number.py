# expect: fail codes=raises
import torch


def mean_attention_distance(attention, grid, patch_size):
    n = torch.arange(grid ** 2)
    y, x = n // grid, n % grid
    dist = patch_size * torch.sqrt(((y[:, None] - y) ** 2 + (x[:, None] - x) ** 2).float())
    a = attention[..., 1:, 1:]
    a = a / a.sum(dim=-1, keepdim=True)
    return (a * dist).sum(-1).mean(-1).mean(1)
