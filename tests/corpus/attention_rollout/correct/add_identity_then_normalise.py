# expect: pass
import torch

def attention_rollout(attention):
    att = attention.mean(dim=2)                      # L B T T
    I = torch.eye(att.shape[-1], device=att.device)
    aug = att + I                                    # dividing by the row sum (2) makes the half
    aug = aug / aug.sum(dim=-1).unsqueeze(-1)
    result = aug[0]
    for i in range(1, aug.shape[0]):
        result = torch.matmul(aug[i], result)
    return result
