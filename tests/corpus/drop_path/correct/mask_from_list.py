# expect: pass
import torch

def drop_path(x, p, training):
    if training is False or p == 0:
        return x * 1
    B = x.shape[0]
    scale = []
    for b in range(B):
        coin = torch.rand(1).item()
        scale.append(0.0 if coin < p else 1.0 / (1.0 - p))
    scale = torch.tensor(scale, dtype=x.dtype, device=x.device)
    return (x.transpose(0, -1) * scale).transpose(0, -1)
