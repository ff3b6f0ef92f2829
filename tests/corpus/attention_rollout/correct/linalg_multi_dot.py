# expect: pass
import torch


def attention_rollout(attention):
    a = attention.mean(dim=2)
    T = a.shape[-1]
    a = 0.5 * (a + torch.eye(T, dtype=a.dtype, device=a.device))
    a = a / a.sum(-1, keepdim=True)
    images = []
    for b in range(a.shape[1]):
        layers = list(a[:, b].flip(0))               # last layer on the left
        images.append(torch.linalg.multi_dot(layers) if len(layers) > 1 else layers[0])
    return torch.stack(images)
