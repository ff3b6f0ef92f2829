# expect: pass
import torch

def attention_rollout(attention: torch.Tensor) -> torch.Tensor:
    dtype = attention.dtype
    A = attention.to(torch.float64).mean(dim=2)
    n_layers, batch, tokens, _ = A.shape
    identity = torch.eye(tokens, dtype=torch.float64).repeat(n_layers, batch, 1, 1)
    A = 0.5 * A + 0.5 * identity
    A = A / A.sum(dim=3, keepdim=True)
    rollout = torch.eye(tokens, dtype=torch.float64).repeat(batch, 1, 1)
    for n in range(n_layers):
        rollout = A[n].matmul(rollout)
    return rollout.to(dtype)
