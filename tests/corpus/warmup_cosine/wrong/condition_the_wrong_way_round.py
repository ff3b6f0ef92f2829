# expect: fail codes=warmup_missing
import math

def warmup_cosine(step, warmup_steps, total_steps):
    if step > total_steps:
        return (step + 1) / warmup_steps
    progress = max(0, step - warmup_steps) / (total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * progress))
