# expect: pass
import torch


def mean_attention_distance(attention: torch.Tensor, grid: tuple[int, int], patch_size: int) -> torch.Tensor:
    L, B, H, T, _ = attention.shape
    h, w = grid
    coords = torch.stack(torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")).flatten(1).T.double()
    dist = torch.cdist(coords * patch_size, coords * patch_size)

    flat = attention[..., 1:, 1:].double().reshape(L * B * H * (T - 1), T - 1)
    flat = flat / flat.sum(1, keepdim=True)
    idx = torch.arange(T - 1).repeat(L * B * H)
    return (flat * dist[idx]).sum(1).view(L, B, H, T - 1).mean(dim=(1, 3)).to(attention.dtype)
