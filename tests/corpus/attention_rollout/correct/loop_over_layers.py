# expect: pass
import torch


def attention_rollout(attention):
    """Abnar & Zuidema 2020: [L, B, H, T, T] -> [B, T, T]."""
    L, B, H, T, _ = attention.shape
    eye = torch.eye(T, dtype=attention.dtype, device=attention.device)
    rollout = eye.expand(B, T, T)
    for layer in attention:
        a = layer.mean(dim=1)
        a = 0.5 * a + 0.5 * eye
        a = a / a.sum(dim=-1, keepdim=True)
        rollout = a @ rollout
    return rollout
