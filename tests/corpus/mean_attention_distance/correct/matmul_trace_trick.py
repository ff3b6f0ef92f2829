# expect: pass
import torch


def mean_attention_distance(attention, grid, patch_size):
    # sum_k A[q,k] D[q,k] is the diagonal of A D^T, and D is symmetric
    h, w = grid
    p = torch.cartesian_prod(torch.arange(h), torch.arange(w)).to(attention.dtype)
    D = torch.cdist(p, p) * patch_size
    A = attention[..., 1:, 1:]
    A = A / A.sum(-1, keepdim=True)
    return (A @ D).diagonal(dim1=-2, dim2=-1).mean(-1).mean(1)
