# expect: pass
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    att = attention[:, :, :, 1:, 1:]
    att = att / att.sum(dim=4, keepdim=True)
    att = att.mean(dim=1)                       # average the images first, it is linear
    L, H, N, _ = att.shape
    mean_distance = torch.zeros(L, H, dtype=att.dtype)
    for q in range(N):
        qr, qc = divmod(q, w)
        for k in range(N):
            kr, kc = divmod(k, w)
            d = patch_size * ((qr - kr) ** 2 + (qc - kc) ** 2) ** 0.5
            mean_distance += att[:, :, q, k] * d
    return mean_distance / N
