# expect: pass
import torch


def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        factor = torch.tensor((step + 1.0) / warmup_steps)
    else:
        progress = torch.tensor((step - warmup_steps) / max(total_steps - warmup_steps, 1)).clamp(0, 1)
        factor = 0.5 * (1 + torch.cos(torch.pi * progress))
    return factor.item()
