# expect: fail codes=class_token_kept
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    n = torch.arange(h * w)
    place = torch.stack([n // w, n % w], 1).float() * patch_size
    far = (place[:, None] - place[None]).norm(dim=-1)
    a = attention[..., 1:, 1:]
    a = a / a.sum(-1, keepdim=True)
    L, B, H, T, _ = attention.shape
    return (a * far).sum((1, 3, 4)) / (B * T)
