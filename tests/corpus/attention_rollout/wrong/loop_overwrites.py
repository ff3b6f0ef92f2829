# expect: fail codes=last_layer_only
import torch

def attention_rollout(attention):
    T = attention.shape[-1]
    eye = torch.eye(T, dtype=attention.dtype)
    for layer in attention:
        rollout = eye                              # should stand before the loop
        a = 0.5 * layer.mean(1) + 0.5 * eye
        a = a / a.sum(-1, keepdim=True)
        rollout = a @ rollout
    return rollout
