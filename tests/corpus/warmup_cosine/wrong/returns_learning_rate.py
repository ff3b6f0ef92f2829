# expect: fail codes=never_reaches_one
import math

def warmup_cosine(step, warmup_steps, total_steps):
    lr = 1e-3
    if step < warmup_steps:
        return lr * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return lr * 0.5 * (1 + math.cos(math.pi * progress))
