# expect: pass
import torch

def attention_rollout(attention):
    # start with the last layer and multiply the earlier ones from the right: the same product
    x = attention.mean(2)
    eye = torch.eye(x.shape[-1], device=x.device, dtype=x.dtype)
    x = 0.5 * x + 0.5 * eye
    x = x / x.sum(-1, keepdim=True)
    out = x[-1]
    for l in reversed(range(len(x) - 1)):
        out = out @ x[l]
    return out
