# expect: fail codes=warmup_not_linear
import math

def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return ((step + 1) / warmup_steps) ** 2
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * progress))
