# expect: fail codes=normalised_elsewhere
import torch

def attention_rollout(attention):
    out = []
    for b in range(attention.shape[1]):
        r = torch.eye(attention.shape[-1]).to(attention)
        for layer in attention[:, b]:
            a = layer.mean(0) + torch.eye(attention.shape[-1]).to(attention)
            a = a / a.sum(dim=-1)
            r = a @ r
        out.append(r)
    r = torch.stack(out)
    return r / r.sum(-1, keepdim=True)
