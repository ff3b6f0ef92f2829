# expect: pass
import torch
from torch import nn


class Counter:
    macs = 0


def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    """Runs the products with meta tensors (shapes only) and counts what they do."""
    n = (image_size // patch_size) ** 2
    counter = Counter()
    params = [0]

    def matmul(a, b):
        counter.macs += a.shape[0] * a.shape[1] * b.shape[1]
        return a @ b

    def linear(x, out, bias=True):
        params[0] += x.shape[1] * out + (out if bias else 0)
        return matmul(x, torch.empty(x.shape[1], out, device="meta"))

    def norm(x):
        params[0] += 2 * x.shape[1]
        return x

    x = linear(torch.empty(n, num_channels * patch_size ** 2, device="meta"), embed_dim, bias=False)
    x = torch.cat([torch.empty(1, embed_dim, device="meta"), x])
    params[0] += embed_dim + x.numel()
    for _ in range(num_layers):
        q, k, v = linear(norm(x), 3 * embed_dim).chunk(3, dim=1)
        x = linear(matmul(matmul(q, k.T), v), embed_dim)
        x = linear(linear(norm(x), hidden_dim), embed_dim)
    linear(norm(x)[:1], num_classes)
    return {"tokens": len(x), "parameters": params[0], "forward_macs": counter.macs}
